//! Stories of one ticket, each small enough for every fault at every call.

use std::rc::Rc;
use std::time::Duration;

use paypal_standin::{Afterwards, Behaviour, FaultKind, On, Payer};
use ticket::{Cents, ReviewDecision};

use super::{
    A_MINUTE, AN_HOUR, AT_PAYPAL, Scenario, by_hand, driver, feed, hostile, no_barrier, tell,
    tokens, with_webhooks, without_webhooks,
};
use crate::actors::Driver;
use crate::laws;
use crate::office::{Wish, clerk};
use crate::world::{Work, World};

/// The stories of one ticket, each small enough for every fault at every call.
pub(crate) const STORIES: [Scenario; 44] = [
    Scenario {
        name: "pays-and-returns",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Pays)]),
    },
    Scenario {
        name: "closes-the-window",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "sweep-alone",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "return-alone",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Pays)]),
    },
    Scenario {
        name: "two-tabs",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), pays_in_english(world)],
            );
        },
    },
    Scenario {
        name: "two-tabs-no-invoice-barrier",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), pays_in_english(world)],
            );
        },
    },
    Scenario {
        name: "declined-then-pays",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![declined_then_pays(world)]),
    },
    Scenario {
        name: "declined-for-good",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![pays(world, Payer::Declines)]),
    },
    Scenario {
        name: "cancels-then-pays",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![cancels_then_pays(world)]),
    },
    Scenario {
        name: "abandons",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![abandons(world)]),
    },
    Scenario {
        name: "reloads",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![reloads(world)]),
    },
    Scenario {
        name: "cash-while-paying",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::Pays), later(world, Wish::Cash)],
            );
        },
    },
    Scenario {
        name: "cash-while-approved",
        prepare: no_barrier,
        begin: |world| {
            tell(
                world,
                vec![pays(world, Payer::ClosesWindow), later(world, Wish::Cash)],
            );
        },
    },
    Scenario {
        name: "withdrawn-while-approved",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![
                    pays(world, Payer::ClosesWindow),
                    later(world, Wish::Withdraw),
                ],
            );
        },
    },
    Scenario {
        name: "amount-changes-while-approved",
        prepare: without_webhooks,
        begin: |world| {
            let less = Wish::Amount(Cents::new(2_000));
            tell(
                world,
                vec![pays(world, Payer::ClosesWindow), later(world, less)],
            );
        },
    },
    Scenario {
        name: "amount-changes-before-pressing",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![presses_over_an_old_amount(world)]),
    },
    Scenario {
        name: "held-back-then-paid",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![held_back(world, Afterwards::Completes)]),
    },
    Scenario {
        name: "held-back-then-denied",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![held_back(world, Afterwards::Denied)]),
    },
    Scenario {
        name: "held-back-while-other-tab-pays",
        prepare: no_barrier,
        begin: |world| tell(world, vec![held_back_while_other_tab_pays(world)]),
    },
    Scenario {
        name: "invoice-used-up",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![invoice_used_up(world)]),
    },
    Scenario {
        name: "foreign-return",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![hostile::returns_with_a_foreign_order(world)]),
    },
    Scenario {
        name: "forged-webhook",
        prepare: by_hand,
        begin: |world| tell(world, vec![hostile::forges_a_webhook(world)]),
    },
    Scenario {
        name: "poison-in-the-index",
        prepare: |world| {
            without_webhooks(world);
            hostile::poison(world);
        },
        begin: |world| tell(world, vec![pays(world, Payer::ClosesWindow)]),
    },
    Scenario {
        name: "tokens-not-ours",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![tokens::opens_what_is_not_ours(world)]),
    },
    Scenario {
        name: "issued-again",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![tokens::issued_again(world)]),
    },
    Scenario {
        // PayPal says of an order that there is none, which is not so.
        name: "unknown-for-a-while-then-captured",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![unknown_for(world, None)]),
    },
    Scenario {
        name: "unknown-for-a-while-and-locked",
        prepare: without_webhooks,
        begin: |world| {
            let lost = Some(FaultKind::ServerErrorAfterEffect);
            tell(world, vec![unknown_for(world, lost)]);
        },
    },
    Scenario {
        name: "unknown-for-a-while-and-held-back",
        prepare: without_webhooks,
        begin: |world| {
            let held_back = Some(FaultKind::Pending);
            tell(world, vec![unknown_for(world, held_back)]);
        },
    },
    Scenario {
        name: "refunded",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Refunded)]),
    },
    Scenario {
        name: "refunded-before-it-is-booked",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![refunded_at_once(world)]),
    },
    Scenario {
        name: "reversed",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Reversed)]),
    },
    Scenario {
        name: "disputed",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![then(world, Afterwards::Disputed)]),
    },
    Scenario {
        name: "disputed-then-withdrawn-then-refunded",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![disputed_then(world, LESS_THEN_DROPPED)]),
    },
    Scenario {
        name: "disputed-then-objected-then-refunded",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![disputed_then(world, &[Wish::Object])]),
    },
    Scenario {
        name: "disputed-then-handed-over-then-refunded",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![disputed_then(world, &[Wish::HandOver])]),
    },
    Scenario {
        name: "contested",
        prepare: without_webhooks,
        begin: |world| {
            let less = Wish::Amount(Cents::new(1_500));
            let wishes = [Wish::Object, less, Wish::HandOver, Wish::Withdraw];
            tell(world, vec![contested(world, &wishes)]);
        },
    },
    Scenario {
        name: "contested-and-withdrawn",
        prepare: without_webhooks,
        begin: |world| {
            tell(
                world,
                vec![contested(world, &[Wish::Object, Wish::Withdraw])],
            );
        },
    },
    Scenario {
        name: "handed-over-while-approved",
        prepare: without_webhooks,
        begin: |world| {
            let wish = later(world, Wish::HandOver);
            tell(world, vec![pays(world, Payer::ClosesWindow), wish]);
        },
    },
    Scenario {
        name: "given-back-by-two",
        prepare: with_webhooks,
        begin: |world| {
            let wishes = [
                Wish::Propose(Cents::new(3_000)),
                Wish::ApproveOwn,
                Wish::Approve,
            ];
            tell(world, vec![given_back(world, &wishes, None)]);
        },
    },
    Scenario {
        name: "given-back-in-part-and-not-shown-at-once",
        prepare: |world| {
            without_webhooks(world);
            let late = Behaviour {
                get_404_after_refund_s: 120,
                ..world.standin.behaviour()
            };
            world.standin.set_behaviour(late).expect("two minutes");
        },
        begin: |world| {
            let wishes = [Wish::Propose(Cents::new(1_000)), Wish::Approve];
            tell(world, vec![given_back(world, &wishes, None)]);
        },
    },
    Scenario {
        name: "given-back-by-two-and-by-hand",
        prepare: without_webhooks,
        begin: |world| {
            let wishes = [Wish::Propose(Cents::new(1_000)), Wish::Approve];
            let by_hand = Afterwards::RefundedInPart(500);
            tell(world, vec![given_back(world, &wishes, Some(by_hand))]);
        },
    },
    Scenario {
        name: "paid-twice-and-given-back",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![paid_twice(world)]),
    },
    Scenario {
        name: "reversed-and-paid-again",
        prepare: with_webhooks,
        begin: |world| tell(world, vec![reviewed(world, Afterwards::Reversed)]),
    },
    Scenario {
        name: "refunded-in-part-and-the-rest-paid-again",
        prepare: with_webhooks,
        begin: |world| {
            let in_part = Afterwards::RefundedInPart(500);
            tell(world, vec![reviewed(world, in_part)]);
        },
    },
];

/// Stories of many hours: each boundary of theirs meets every fault, but not each of
/// its hundreds of calls.
pub(crate) const LONG: [Scenario; 8] = [
    Scenario {
        // The newest documentation: 6 hours for the payer and 6 for us, or what the
        // account is given; whoever is late within it has paid.
        name: "approves-in-hour-nine",
        prepare: |world| {
            without_webhooks(world);
            // Whoever approves in hour nine can be captured until the order is over: by
            // the last look before that, where the one before it was lost.
            let patient = Behaviour {
                expiry_payer_h: 10,
                expiry_capture_h: 3,
                ..world.standin.behaviour()
            };
            world.standin.set_behaviour(patient).expect("few hours");
        },
        begin: |world| tell(world, vec![approves_after(world, AN_HOUR * 9)]),
    },
    Scenario {
        name: "presses-for-hours",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![presses_for_hours(world)]),
    },
    Scenario {
        // L10: longer than a lock's lease.
        name: "comes-back-later",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![comes_back_later(world)]),
    },
    Scenario {
        // L9: no webhook tells of it; PayPal's books do, a night later.
        name: "refunded-in-silence",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![in_silence(world, Afterwards::Refunded)]),
    },
    Scenario {
        name: "charged-back-in-silence",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![in_silence(world, Afterwards::ChargedBack)]),
    },
    Scenario {
        name: "tokens-are-taken-back",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![tokens_are_taken_back(world)]),
    },
    Scenario {
        name: "changes-are-read",
        prepare: feed::prepare,
        begin: feed::begin,
    },
    Scenario {
        name: "strangers-send-webhooks",
        prepare: by_hand,
        begin: |world| tell(world, vec![hostile::strangers_send_webhooks(world)]),
    },
];

/// Stories of days, each as it is: its calls are those of the others.
pub(crate) const DAYS: [Scenario; 4] = [
    Scenario {
        name: "reversed-in-silence",
        prepare: without_webhooks,
        begin: |world| tell(world, vec![in_silence(world, Afterwards::Reversed)]),
    },
    Scenario {
        name: "reversed-in-part-in-silence",
        prepare: without_webhooks,
        begin: |world| {
            let in_part = Afterwards::ReversedInPart(1_000);
            tell(world, vec![in_silence(world, in_part)]);
        },
    },
    Scenario {
        // M1: its try was never answered, and its order is over.
        name: "moved-and-not-shown",
        prepare: no_barrier,
        begin: |world| {
            let moved = FaultKind::NoAnswerAfterEffect;
            tell(world, vec![not_shown(world, moved)]);
        },
    },
    Scenario {
        name: "not-moved-and-not-shown",
        prepare: no_barrier,
        begin: |world| tell(world, vec![not_shown(world, FaultKind::NoAnswer)]),
    },
];

const LESS_THEN_DROPPED: &[Wish] = &[Wish::Amount(Cents::new(1_500)), Wish::Withdraw];

fn pays(world: &Rc<World>, payer: Payer) -> Work {
    somebody_pays(world, driver(world), payer)
}

/// In another tab, whose order is another one.
fn pays_in_english(world: &Rc<World>) -> Work {
    somebody_pays(world, driver(world).in_english(), Payer::Pays)
}

/// A driver with patience: what does not come is asked for once more.
fn somebody_pays(world: &Rc<World>, driver: Driver, payer: Payer) -> Work {
    let world = Rc::clone(world);
    Box::pin(async move {
        if driver.opens().await.is_none() {
            driver.opens().await;
        }
        let sent = match driver.presses().await {
            Some(sent) => sent,
            None => match driver.presses().await {
                Some(sent) => sent,
                None => return,
            },
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, payer).await else {
            return;
        };
        if driver.returns(&back).await.is_none() {
            driver.returns(&back).await;
        }
        world.pause(AT_PAYPAL).await;
        driver.opens().await;
    })
}

/// Presses, and comes to approve so much later; closes the window then.
fn approves_after(world: &Rc<World>, wait: Duration) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        world.pause(wait).await;
        driver.decides(&sent, Payer::ClosesWindow).await;
    })
}

/// V6: presses again and again, and never pays.
fn presses_for_hours(world: &Rc<World>) -> Work {
    /// Longer than a payer is sent to an order that is there.
    const RESTS: Duration = Duration::from_mins(70);
    const TIMES: u32 = 7;
    const LIVE_MAX: usize = 5;
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        for _ in 0..TIMES {
            let first = driver.presses().await;
            let again = driver.presses().await;
            let seen = match (first, again) {
                (Some(first), Some(again)) if first.order == again.order => {
                    Some("who pressed again was sent to the same order")
                }
                (Some(_), Some(_)) => None,
                (_, None) | (None, _) => Some("as many orders were open as may be"),
            };
            if let Some(seen) = seen {
                world.history.borrow_mut().sometimes(seen);
            }
            let left = laws::attempts_left(&world);
            world.history.borrow_mut().law("V6", left <= LIVE_MAX, || {
                format!("{left} orders of one ticket may still bring money")
            });
            world.pause(RESTS).await;
        }
    })
}

/// A try that was never answered, of an order that PayPal does not show for all of
/// its life and longer: where nothing has moved, until its own books were read. Then
/// the driver comes once more.
fn not_shown(world: &Rc<World>, capture: FaultKind) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        world
            .under(On::Capture, capture, driver.returns(&back))
            .await;
        // Whoever has approved is not captured in time.
        world.history.borrow_mut().was_strange = true;
        let nights: &[u32] = if capture == FaultKind::NoAnswer {
            &[25, 24]
        } else {
            &[]
        };
        let hours = async {
            world.pause(AN_HOUR * 14).await;
            let is_locked = laws::locks_left(&world) > 0;
            for hours in nights {
                world.pause(AN_HOUR * *hours).await;
                world.night().await;
            }
            world.pause(AN_HOUR).await;
            is_locked && laws::locks_left(&world) == 0
        };
        if world.under(On::GetOrder, FaultKind::NotFound, hours).await {
            let mut history = world.history.borrow_mut();
            history.sometimes("a lock waited for PayPal's own books");
        }
        driver.pays(Payer::Pays).await;
    })
}

/// Paid; taken back while no webhook travels; then a night passes.
fn in_silence(world: &Rc<World>, what: Afterwards) -> Work {
    /// Until PayPal's books are as young as they get, and the night has come.
    const A_DAY_AND_A_HALF: Duration = Duration::from_hours(36);
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.strangers_pay();
        world.pause(A_MINUTE).await;
        world.afterwards(what).await;
        let has_left = world.standin.in_books(|books| !books.refunds.is_empty());
        world.pause(A_DAY_AND_A_HALF).await;
        world.comes_to_its_senses();
        if world.night().await {
            laws::what_left_is_booked(&world);
            if has_left {
                let mut history = world.history.borrow_mut();
                history.sometimes("a night found what had been given back in silence");
            }
        }
    })
}

/// Pays, and looks at the ticket again when any lease has ended.
fn comes_back_later(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE * 5).await;
        driver.opens().await;
    })
}

/// Somebody changes the secret while a driver pays: every token is worth nothing.
fn tokens_are_taken_back(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let back = driver.decides(&sent, Payer::Pays).await;
        world.turn("PayPal takes its tokens back").await;
        world.standin.revoke_tokens();
        if let Some(back) = back {
            driver.returns(&back).await;
        }
    })
}

fn declined_then_pays(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, Payer::Declines).await else {
            return;
        };
        driver.returns(&back).await;
        world.pause(AT_PAYPAL).await;
        let Some(sent) = driver.tries_again(&back.attempt).await else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        driver.returns(&back).await;
    })
}

fn cancels_then_pays(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Cancels).await else {
            return;
        };
        driver.returns_cancelled(&back).await;
        world.pause(AT_PAYPAL).await;
        let Some(sent) = driver.tries_again(&back.attempt).await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        driver.returns(&back).await;
    })
}

fn abandons(world: &Rc<World>) -> Work {
    let driver = driver(world);
    Box::pin(async move {
        driver.opens().await;
        driver.presses().await;
    })
}

fn reloads(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let again = (driver.clone(), back.clone());
        world.spawn(async move {
            again.0.returns(&again.1).await;
        });
        driver.returns(&back).await;
        world.pause(Duration::from_secs(10)).await;
        driver.returns(&back).await;
    })
}

/// A clerk acts while the driver is at PayPal or on the way back.
fn later(world: &Rc<World>, wish: Wish) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        world.pause(AT_PAYPAL).await;
        clerk(Rc::clone(&world), driver.case_number().clone(), wish).await;
    })
}

/// The amount is changed while the driver reads the page: the button says the
/// old one.
fn presses_over_an_old_amount(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.opens().await;
        let less = Wish::Amount(Cents::new(2_000));
        clerk(Rc::clone(&world), driver.case_number().clone(), less).await;
        driver.pays(Payer::Pays).await;
        if let Some(sent) = driver.presses_over("20.00").await
            && let Some(back) = driver.decides(&sent, Payer::Pays).await
        {
            driver.returns(&back).await;
        }
    })
}

/// What was approved is captured as `capture` says, or not yet; then PayPal
/// knows no order for a while.
fn unknown_for(world: &Rc<World>, capture: Option<FaultKind>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        let unknown = (On::GetOrder, FaultKind::NotFound);
        let first = capture.map_or(unknown, |kind| (On::Capture, kind));
        let page = world.under(first.0, first.1, driver.returns(&back)).await;
        // An order that nobody knows to be held back is over after three hours of this.
        let is_known = page.is_some_and(|page| page.state == "pending");
        let how_long = if is_known { AN_HOUR * 4 } else { A_MINUTE * 4 };
        let waits = world.pause(how_long);
        world.under(unknown.0, unknown.1, waits).await;
        world.afterwards(Afterwards::Completes).await;
    })
}

/// PayPal holds the capture back and decides an hour later.
fn held_back(world: &Rc<World>, what: Afterwards) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        if pays_and_is_held_back(&world, &driver).await.is_none() {
            return;
        }
        driver.opens().await;
        world.pause(AN_HOUR).await;
        world.afterwards(what).await;
    })
}

/// Nothing where the driver did not get so far.
pub(super) async fn pays_and_is_held_back(world: &World, driver: &Driver) -> Option<()> {
    let sent = driver.presses().await?;
    let back = driver.decides(&sent, Payer::Pays).await?;
    let returns = driver.returns(&back);
    world.under(On::Capture, FaultKind::Pending, returns).await;
    Some(())
}

/// PayPal holds back what one tab has paid; the other comes back later.
fn held_back_while_other_tab_pays(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let (Some(first), Some(second)) =
            (driver.presses().await, driver.in_english().presses().await)
        else {
            return;
        };
        world.pause(AT_PAYPAL).await;
        let first = driver.decides(&first, Payer::Pays).await;
        let second = driver.decides(&second, Payer::Pays).await;
        if let Some(back) = first {
            let returns = driver.returns(&back);
            world.under(On::Capture, FaultKind::Pending, returns).await;
        }
        world.pause(AT_PAYPAL).await;
        if let Some(back) = second {
            driver.returns(&back).await;
        }
        world.pause(AN_HOUR).await;
        world.afterwards(Afterwards::Completes).await;
    })
}

/// Somebody has paid elsewhere under this invoice id: PayPal refuses the
/// capture, and the next try goes under the second one.
fn invoice_used_up(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let Some(sent) = driver.presses().await else {
            return;
        };
        hostile::pays_elsewhere(&world, super::CASE).await;
        let Some(back) = driver.decides(&sent, Payer::Pays).await else {
            return;
        };
        driver.returns(&back).await;
        world.pause(AT_PAYPAL).await;
        driver.pays(Payer::Pays).await;
    })
}

/// Paid and contested at PayPal; the city decides; then the money is given back
/// and the case is before a human again.
fn disputed_then(world: &Rc<World>, wishes: &'static [Wish]) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE).await;
        world.afterwards(Afterwards::Disputed).await;
        world.pause(A_MINUTE).await;
        wanted_in_turn(&world, &driver, wishes).await;
        world.afterwards(Afterwards::Refunded).await;
        world.pause(A_MINUTE).await;
        driver.opens().await;
    })
}

/// Paid, and given back as clerks decide; meanwhile somebody gives a part of it back in
/// PayPal's own pages.
fn given_back(world: &Rc<World>, wishes: &[Wish], by_hand: Option<Afterwards>) -> Work {
    let (driver, world, wishes) = (driver(world), Rc::clone(world), wishes.to_vec());
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE).await;
        for wish in wishes {
            clerk(Rc::clone(&world), driver.case_number().clone(), wish).await;
            if let Some(by_hand) = by_hand
                && matches!(wish, Wish::Propose(_))
            {
                world.pause(A_MINUTE).await;
                world.afterwards(by_hand).await;
                world.pause(A_MINUTE * 2).await;
            }
        }
        world.pause(A_MINUTE * 2).await;
        driver.opens().await;
    })
}

/// Paid, and taken back, be it in part; two people end the review, and the driver pays
/// what is asked for then.
fn reviewed(world: &Rc<World>, back: Afterwards) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE).await;
        world.afterwards(back).await;
        world.pause(A_MINUTE).await;
        two_end_the_review(&world, &driver).await;
        driver.pays(Payer::Pays).await;
    })
}

/// One person wants it alone; another one first wants something else.
async fn two_end_the_review(world: &Rc<World>, driver: &Driver) {
    let (decision, other) = (ReviewDecision::PayableAgain, ReviewDecision::Paid);
    let wishes = [
        Wish::EndReview(decision),
        Wish::EndReview(decision),
        Wish::EndReviewToo(other),
        Wish::EndReview(decision),
        Wish::EndReviewToo(decision),
    ];
    wanted_in_turn(world, driver, &wishes).await;
}

/// PayPal holds a capture back, a clerk takes cash all the same, and then it completes.
fn paid_twice(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        if pays_and_is_held_back(&world, &driver).await.is_none() {
            return;
        }
        let case_number = driver.case_number().clone();
        for wish in [Wish::Cash, Wish::Override] {
            clerk(Rc::clone(&world), case_number.clone(), wish).await;
        }
        world.pause(AN_HOUR).await;
        world.afterwards(Afterwards::Completes).await;
        world.pause(AN_HOUR * 2).await;
        clerk(Rc::clone(&world), case_number, Wish::Approve).await;
        world.pause(A_MINUTE * 2).await;
        driver.opens().await;
    })
}

/// Contested at the city before anything is paid; some wishes come too late.
fn contested(world: &Rc<World>, wishes: &[Wish]) -> Work {
    let (driver, world, wishes) = (driver(world), Rc::clone(world), wishes.to_vec());
    Box::pin(async move {
        wanted_in_turn(&world, &driver, &wishes).await;
        driver.presses().await;
    })
}

async fn wanted_in_turn(world: &Rc<World>, driver: &Driver, wishes: &[Wish]) {
    for wish in wishes {
        clerk(Rc::clone(world), driver.case_number().clone(), *wish).await;
        world.pause(A_MINUTE).await;
    }
}

fn then(world: &Rc<World>, what: Afterwards) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        driver.pays(Payer::Pays).await;
        world.pause(A_MINUTE).await;
        world.afterwards(what).await;
        world.pause(A_MINUTE).await;
        driver.opens().await;
    })
}

/// The answer to the capture is lost, and the money goes back while its ticket is
/// locked.
fn refunded_at_once(world: &Rc<World>) -> Work {
    let (driver, world) = (driver(world), Rc::clone(world));
    Box::pin(async move {
        let (lost, pays) = (FaultKind::ServerErrorAfterEffect, driver.pays(Payer::Pays));
        world.under(On::Capture, lost, pays).await;
        world.afterwards(Afterwards::Refunded).await;
    })
}
