//! command lines (pure), spawning, progress, watchdog, exit reasons, capability probe.
