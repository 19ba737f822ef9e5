//! What a buyer makes of how others stand: the steps at which partners in trade check each other, what may be answered there,
//! policies, and the supply chain to which they are applied.
//!
//! Pure, as `conformity` is: no clock, no files, no network. Out of scope: what a verdict means (`conformity`), what a network of
//! trading partners writes it in (`bridges`), and who may ask (the edge).
//!
//! ```text
//! policy ─┐
//! order ──┼─▶ judge ──▶ finding: go · notice · conditional · stop, and why
//! standing┘     │
//! chain ────────┴─▶ review: a finding for each link ──▶ exposure: products, orders, paths, alternatives ──▶ drawing
//!                    └─ before and after a change ──▶ shift: what moved, and what that exposes
//! ```

pub mod chain;
mod company;
mod drawing;
pub mod exposure;
pub mod judge;
pub mod policy;
pub mod review;
mod shift;
mod step;
mod touch;

pub use chain::{Chain, ChainError};
pub use drawing::drawing;
pub use exposure::{Exposure, exposure};
pub use judge::{Finding, Order, Registry, Ruling, SchemeLevels, judge};
pub use policy::{Policy, PolicyError};
pub use review::{Measure, Review};
pub use shift::{LeftOut, Shift};
pub use step::{Advice, TradingStep, UnknownStep};
pub use touch::{Touch, UnknownTouch};
