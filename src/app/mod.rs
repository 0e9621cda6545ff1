//! the composition root: builds the services from the configuration, runs them, stops them.
