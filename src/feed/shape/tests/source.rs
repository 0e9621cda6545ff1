//! A small writer of transport streams with whatever faults a test wants.
