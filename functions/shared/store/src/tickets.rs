//! Tickets: issuing one, reading one, what the city does to it by hand; and the city itself.

pub(crate) mod case_file;
pub(crate) mod clerk;
pub(crate) mod issuing;
pub(crate) mod listing;
pub(crate) mod municipality;
pub(crate) mod review;
