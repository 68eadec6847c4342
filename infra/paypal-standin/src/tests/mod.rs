//! The stand-in's rules, each as a sentence.

mod answers;
mod faults;
mod money;
mod payer;
mod sockets;
mod webhooks;
