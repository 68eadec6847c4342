//! The capture protocol as a model, searched exhaustively by `stateright` (and how money
//! goes back, in [`refunds`]):
//! every order in which presses, approvals, calls of `settle`, deaths, late
//! effects, ended leases, cash and withdrawals can come.
//!
//! # What is modelled
//!
//! What is to be done is decided by the program itself: `settle::decision::decide`, given
//! real tickets and attempts that stand as those of the model (`deciding`). The model is
//! what is around it: who does what is decided, one I/O at a time, on a table and with a
//! PayPal that are ideas.
//!
//! | in the program | here |
//! |---|---|
//! | Return, webhook and sweep are one function, `Settle::settle` | `Action::Wake` starts a `Process`; one `Step` for each I/O |
//! | What follows from what was read (`settle::decision`) | the same function |
//! | Carrying it out (`Settle::carry_out`, `resolve`) | `Process::step`, `Process::wake` |
//! | The lock: open, unlocked, nothing pending, version and fence as read, attempt live and untried, in one transaction (`Store::take_lock`, `take_over_lock`) | `State::take_lock` |
//! | A lease outlives everybody who could be inside the call (`settle::limits`) | `Action::EndLease` waits for the owner's end; who comes later may still have a slow clock, `Action::WakeBehind` |
//! | A capture may be carried out after its caller's end, until the lease ends | `State::under_way`, `Action::CarryOut`, ended by `Action::EndLease` |
//! | COMPLETED, PENDING, DECLINED, or refused with and without the approval left, `CAPTURE_ROUNDS_MAX` times; refused though an earlier call has captured, for whatever reason | `paypal::Outcome` |
//! | A capture call or a GET that is not answered; a caller that dies | `Action::Lose`, `GoAstray`, `Die` |
//! | A lock is given back after a definite answer, under its fence (`Store::release_lock`) | `State::release` |
//! | A read may show an order as it was before its capture, for ten minutes (`READ_LAG`) | `Action::GoAstray` while `State::lags`; `Action::Pass` |
//! | A lock remembers what was heard of its try (`Store::note_refusal`, `take_over_lock`) | `state::TryHistory`, `State::note_refusal` |
//! | Money is booked, or decided anew, under a lock by its owner alone (`Settle::book`, `Store::book`) | `State::book`, `Step::BookAnew`, `State::may_write` |
//! | Held-back money leaves a mark, taken away when it is denied (`Store::book_pending`, `end_pending`) | `State::keep_pending`, `end_pending`, `Action::EndHeldBack` |
//! | No attempt is made final under a lock (`Store::end_attempt`) | `State::end` |
//! | Cash, withdrawal and another amount wait for lock and mark (`ticket::state`) | `State::book_cash`, `withdraw`, `change_amount` |
//! | A lease for a letter: nobody may pay, and nobody has begun to since that was read (`manage_tickets::lease`, `Store::lease_letter`) | `State::ask_for_lease`, each read and the write a step |
//!
//! `Action::Die` stands for all of: a crash, the function's time-out, the table's answer
//! lost on its way (the effect is there, or comes later, or never). All of them end the
//! call of `settle`, and the program remembers nothing but what is in the table.
//!
//! In two things the model allows more than the program: a refused card may always be
//! tried again (no attempt carries a `Decline`), so what that forbids is not needed for
//! anything here; an owner alone keeps a lease from ending, not everybody of his time.
//! Deaths are unlimited. PayPal's second barrier, the invoice id, is never there.
//!
//! Two reads are one step in two places: ticket and attempt, and, while an ended
//! lock is resolved, the lock's attempt and its order. Nothing is lost by it:
//! each write compares the attempt's state and refusals with what was read, or
//! goes by the fence alone.
//!
//! At rest means: nobody is inside `settle`, the lease has ended, and the sweep
//! changes nothing any more. It is tried from each state without a process, so
//! that a sweep which never comes to rest is found as well; stateright's own
//! `eventually` overlooks what ends in a cycle, and here everything does.
//!
//! # What it cannot see
//!
//! - Whether the code carries out what it decides, and whether the table's conditions
//!   are those written here: the journeys and the simulation hold it to that.
//! - Seconds: that 60 outlive 15 is checked where they stand; two minutes have passed or
//!   not, and ten.
//! - A refusal of a first call whose money has moved all the same; refusals of other
//!   names: the simulation's.
//! - An order that is over, or not shown; captures that are closed; time that is short;
//!   late payments: the tables of `settle::decision`, and the simulation's.
//! - `PayPal-Request-Id`, amounts, currencies, payees, the moment of payment,
//!   the journal, the export.
//! - Money taken back, short transfers, objections, handing over (which wait as a
//!   withdrawal does), orders by another client id, restoring a backup.
//! - Two conditions that others cover; taken away at once they change no
//!   property. Comparing `n` when the lock is taken: nobody raises it without a
//!   lock, so the fence tells. Comparing the version when money is booked: under
//!   the lock or mark nobody else changes the ticket.
//! - Two conditions of a lease, likewise: the version, since what changes it closes the
//!   ticket or ends its attempts; lock and mark, since their attempt may pay.
//! - A fence that begins anew with each lock, and `n` that is never raised: here
//!   the fence is no number, and refusals are what bounds the search.

mod deciding;
pub mod paypal;
mod process;
pub mod properties;
pub mod protocol;
pub mod refunds;
pub mod state;
mod table;
