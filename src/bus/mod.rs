//! the in-process event bus: bounded, never blocks its senders.
