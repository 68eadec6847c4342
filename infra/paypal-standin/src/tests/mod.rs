//! The stand-in's rules, each as a sentence.

mod afterwards;
mod answers;
mod faults;
mod kept;
mod levers;
mod life;
mod limits;
mod money;
mod notifications;
mod payer;
mod pending;
mod readme;
mod reads;
mod registered;
mod repeats;
mod reporting;
mod sockets;
mod travels;
mod webhooks;
