//! Tests of the shaper: real clips, and sources with every fault that a small writer can make.

mod checker;
mod clips;
mod faults;
mod properties;
mod replays;
mod source;
