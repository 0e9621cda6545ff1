//! What the tests of relais stand on. Independent of the `relais` library by design: another pair of eyes.

pub mod http1;
pub mod process;
pub mod webdriver;
