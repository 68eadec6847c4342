//! `PayPal`'s JSON.
