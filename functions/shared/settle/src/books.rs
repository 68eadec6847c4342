//! PayPal's own books against the table: what they show is booked where the table does
//! not know it, and what only the table has is told.
//!
//! ```text
//! reconciling   a window of the books, for a restored table
//! night         the last days, every night, in runs of a minute; both ways
//!   window      which part is read next
//!   pages       reading one part whole, or not at all
//!   payment     a row about money that came; `owner`: whose it is
//!   money_left  a row about money that left
//!   mending     making a booking whole that a restore has torn
//!   bookings    the other way round: what the table has booked and no row shows
//!   comparison  the sums
//! ```

mod bookings;
mod comparison;
mod money_left;
mod night;
mod owner;
mod pages;
mod payment;
mod reconciling;
mod row;
mod torn_bookings;
mod window;

pub use comparison::{Comparison, Sum};
pub use night::{NIGHT_MISSING_AFTER, NIGHT_REACH, NightRun};
pub use reconciling::Reconciled;
pub use window::Window;

pub(crate) use window::BOOKING_SHOWN_AFTER;
