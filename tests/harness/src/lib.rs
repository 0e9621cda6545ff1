//! What the tests of relais stand on. Independent of the `relais` library by design: another pair of eyes.

pub mod accounts;
pub mod catalogue;
pub mod hell;
pub mod http1;
pub mod judge;
pub mod process;
pub mod relais;
pub mod ts;
pub mod viewers;
pub mod webdriver;
