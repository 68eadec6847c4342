//! The stand-in's rules, each as a sentence.

mod answers;
mod faults;
mod life;
mod limits;
mod money;
mod payer;
mod pending;
mod reads;
mod repeats;
mod sockets;
mod webhooks;
