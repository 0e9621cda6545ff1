//! What leaves a feed other than HLS.

pub mod endless;
