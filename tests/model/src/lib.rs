//! The capture protocol as a model, searched exhaustively by `stateright`:
//! every order in which presses, approvals, calls of `settle`, deaths, late
//! effects, ended leases, cash and withdrawals can come.
//!
//! # What is modelled
//!
//! | in the program | here |
//! |---|---|
//! | Return, webhook and sweep are one function, `Settle::settle` | `Action::Wake` starts a `Process`; one `Step` for each I/O |
//! | An ended lock is resolved first, by the order it names (`resolve`) | `Process::wake`, `Process::ask` while `resolving` |
//! | The own order then says what to do (`follow`, `approved`) | `Process::ask`, `Process::approved` |
//! | The lock: open, unlocked, nothing pending, version and fence as read, attempt live and untried, in one transaction (`Store::take_lock`, `take_over_lock`) | `State::take_lock` |
//! | A lease outlives everybody who could be inside the call (`settle::limits`) | `Action::EndLease` waits for the owner's end; who comes later may still have a slow clock, `Action::WakeBehind` |
//! | A capture may be carried out after its caller's end, until the lease ends | `State::under_way`, `Action::CarryOut`, ended by `Action::EndLease` |
//! | COMPLETED, PENDING, DECLINED, or refused with and without the approval left, `CAPTURE_ROUNDS_MAX` times | `paypal::Outcome`, `Process::hear` |
//! | A lock is given back after a definite answer, under its fence (`Store::release_lock`) | `State::release` |
//! | After no answer the lock stays | `Action::Die` |
//! | A read that shows no capture proves nothing, since reads lag: the same try is made again (`resolve_uncaptured`) | `Action::GoBehind`, `Process::ask` while `resolving` |
//! | Money is booked, or decided anew, under a lock by its owner alone (`Settle::book`, `Store::book`) | `State::book`, `Step::BookAnew`, `State::may_write` |
//! | Held-back money leaves a mark, taken away when it is denied (`Store::book_pending`, `end_pending`) | `State::keep_pending`, `end_pending`, `Action::EndHeldBack` |
//! | No attempt is made final under a lock (`Store::end_attempt`) | `State::end` |
//! | Cash, withdrawal and another amount wait for lock and mark (`ticket::state`) | `State::book_cash`, `withdraw`, `change_amount` |
//!
//! `Action::Die` stands for all of: a crash, the function's time-out, `PayPal`'s
//! answer or the table's lost on its way (the effect is there, or comes later,
//! or never), a 5xx of either. All of them end the call of `settle`, and the
//! program remembers nothing but what is in the table.
//!
//! Where the model is not the program it allows more: a refused card may always
//! be tried again, so what `Decline` forbids is not needed for anything here; an
//! owner alone keeps a lease from ending, not everybody of his time; deaths are
//! unlimited. `PayPal`'s second barrier, the invoice id, is never there.
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
//! - Whether the code does what is written here: the journeys hold the code to
//!   it, this model holds the idea.
//! - Seconds: that 60 outlive 15 is checked where they stand.
//! - `PayPal-Request-Id`, amounts, currencies, payees, the moment of payment,
//!   the journal, the export.
//! - Money taken back, short transfers, objections, handing over (which wait as a
//!   withdrawal does), orders by another client id, restoring a backup.
//! - A clerk: the office writes nothing of this kind yet. Modelled is what the
//!   table of states demands of it.
//! - Two conditions that others cover; taken away at once they change no
//!   property. Comparing `n` when the lock is taken: nobody raises it without a
//!   lock, so the fence tells. Comparing the version when money is booked: under
//!   the lock or mark nobody else changes the ticket.
//! - A fence that begins anew with each lock, and `n` that is never raised: here
//!   the fence is no number, and refusals are what bounds the search.

pub mod paypal;
mod process;
pub mod properties;
pub mod protocol;
pub mod state;
mod table;
