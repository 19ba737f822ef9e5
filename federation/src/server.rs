//! A registry's nats-server: its process, its configuration in force, and proof that who was cut off is gone.
//!
//! In scope: finding out whether a binary is fit, running it as a child (`child`), or using one that runs elsewhere; writing
//! the configuration, having it read again, and confirming it (`control`), listing and ending connections (`system`). Out of
//! scope: what the configuration says (`access`).
//!
//! # Why a cut-off is confirmed
//!
//! Measured on nats-server 2.15.1: removing a CA, letting a certificate expire or KICK alone cut nobody off, because an
//! open connection is not looked at again and a kicked client dials again. What holds is: the account or user is no
//! longer in the configuration, the server read it without an error, and it lists no connection of anyone who is not
//! in it. [`Control::put_in_force`] returns only then. There are no revocation lists in nats-server: a name whose
//! certificate was revoked has to stay out of the configuration until that certificate has expired.

mod binary;
mod child;
mod control;
mod store;
mod system;

pub use binary::{Binary, BinaryError, OLDEST, Version};
pub use child::{Child, Setup, StartError, Status};
pub use control::{Control, ControlError, InForce};
pub use store::{SealedStore, VARIABLE as STORE_KEY_VARIABLE};
pub use system::{Connection, System};
