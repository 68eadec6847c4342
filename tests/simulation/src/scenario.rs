//! The stories: who does what, until nothing is left to do.

mod chance;
mod crowd;
mod feed;
mod hostile;
mod outage;
mod pairs;
mod restoring;
mod schedule;
mod standings;
mod stories;
mod tokens;
mod webhooks;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use jiff::SignedDuration;
use paypal_standin::WebhookMode;

use crate::actors::{Driver, postman};
use crate::world::{Work, World};

pub(crate) use crowd::{BAD_DAYS, CROWDS};
pub(crate) use outage::OUTAGES;
pub(crate) use pairs::PAIRS;
pub(crate) use restoring::{BY_CHANCE, RESTORES};
use schedule::schedule;
pub(crate) use standings::STANDINGS;
pub(crate) use stories::{DAYS, LONG, STORIES};
pub(crate) use webhooks::{FORGERIES, ORDERS};

/// A story.
pub(crate) struct Scenario {
    /// Its name in plans.
    pub(crate) name: &'static str,
    /// Before anything may go wrong.
    pub(crate) prepare: fn(&Rc<World>),
    /// From then on.
    pub(crate) begin: fn(&Rc<World>),
}

/// What every story is about.
const CASE: &str = "KL-SIM-0001";

/// A driver reads and presses for about this long at PayPal.
const AT_PAYPAL: Duration = Duration::from_secs(20);
pub(crate) const A_MINUTE: Duration = Duration::from_mins(1);
const AN_HOUR: Duration = Duration::from_hours(1);

/// Stories that a seed makes up.
pub(crate) const CHANCES: [Scenario; 2] = [
    Scenario {
        name: "chance",
        prepare: by_chance,
        begin: |world| tell(world, chance::payers(world)),
    },
    Scenario {
        name: "town",
        prepare: chance::town,
        begin: |world| tell(world, chance::townspeople(world)),
    },
];

/// The story of this name.
pub(crate) fn scenario(name: &str) -> &'static Scenario {
    STORIES
        .iter()
        .chain(&LONG)
        .chain(&DAYS)
        .chain(&STANDINGS)
        .chain(&PAIRS)
        .chain(&CHANCES)
        .chain(&OUTAGES)
        .chain(&CROWDS)
        .chain(&BAD_DAYS)
        .chain(&ORDERS)
        .chain(&FORGERIES)
        .chain(&RESTORES)
        .chain([&BY_CHANCE])
        .find(|scenario| scenario.name == name)
        .unwrap_or_else(|| panic!("there is no story {name}"))
}

fn with_webhooks(world: &Rc<World>) {
    prepare(world);
    let mode = [
        WebhookMode::Normal,
        WebhookMode::Twice,
        WebhookMode::Late,
        WebhookMode::OutOfOrder,
    ];
    // Where nothing is left to chance the first one.
    let taken = world.choices.borrow_mut().one_of(mode.len());
    world.standin.set_webhooks(mode[taken]);
}

fn without_webhooks(world: &Rc<World>) {
    prepare(world);
    world.standin.set_webhooks(WebhookMode::Off);
}

fn no_barrier(world: &Rc<World>) {
    without_webhooks(world);
    world.standin.set_unique_invoices(false);
}

/// Webhooks wait until the story fetches them.
fn by_hand(world: &Rc<World>) {
    prepare(world);
    world.standin.set_webhooks(WebhookMode::Normal);
    world.no_postman.set(true);
}

/// Webhooks come in any way, or not at all; the barrier may be off.
fn by_chance(world: &Rc<World>) {
    with_webhooks(world);
    let mut choices = world.choices.borrow_mut();
    if choices.once_in(4) {
        world.standin.set_webhooks(WebhookMode::Off);
    }
    if choices.once_in(2) {
        world.standin.set_unique_invoices(false);
    }
}

pub(crate) fn prepare(world: &Rc<World>) {
    world.standin.set_report_lag(SignedDuration::from_hours(3));
    let driver = world.issue(CASE);
    world.drivers.borrow_mut().push(driver);
}

/// Tells a story: its actors, PayPal's postman and the schedule at once, then
/// what is left to the schedule alone.
fn tell(world: &Rc<World>, actors: Vec<Work>) {
    let left = Rc::new(Cell::new(actors.len()));
    for actor in actors {
        let left = Rc::clone(&left);
        world.spawn(async move {
            actor.await;
            left.set(left.get() - 1);
        });
    }
    if !world.no_postman.get() {
        world.spawn(postman(Rc::clone(world)));
    }
    world.spawn(schedule(Rc::clone(world), left));
}

fn driver(world: &Rc<World>) -> Driver {
    world.drivers.borrow()[0].clone()
}
