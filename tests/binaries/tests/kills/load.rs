//! Everything at once: payers, webhooks, sweeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use binaries::{Answer, City, Killed, events};
use fastrand::Rng;
use paypal_standin::Delivery;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::functions::{Fate, Functions};
use crate::history::History;
use crate::payer::Visit;
use crate::rest;
use crate::tickets::Issued;

/// Drivers at the same time.
const DRIVERS: u64 = 6;

/// Visits of which none brings a kill: something is wrong with the test.
const VISITS_PER_TICKET_MAX: u64 = 50;

/// How often PayPal looks into its queue.
const WEBHOOKS_EACH: Duration = Duration::from_millis(20);
/// Deployed it is a minute; more often is more to interrupt.
const SWEEP_EACH: Duration = Duration::from_secs(1);

/// Streams of choices beside those of the visits, which count from 0.
const WEBHOOKS: u64 = u64::MAX;
const SWEEPS: u64 = u64::MAX - 1;

/// A city under load.
pub(crate) struct World {
    pub(crate) city: City,
    pub(crate) functions: Functions,
    pub(crate) tickets: Vec<Issued>,
    pub(crate) history: History,
    pub(crate) seed: u64,
}

impl World {
    pub(crate) async fn invoke(
        &self,
        function: &'static str,
        event: Value,
        fate: Option<Fate>,
    ) -> Result<Answer, Killed> {
        let functions = &self.functions;
        functions.invoke(&self.city, function, event, fate).await
    }

    fn choices(&self, stream: u64) -> Rng {
        Rng::with_seed(self.seed.wrapping_add(stream))
    }
}

/// Goes on until everybody has been killed who shall be; what was left unclear
/// at that moment.
pub(crate) async fn run(world: &Arc<World>) -> rest::Unfinished {
    let mut tasks = JoinSet::new();
    let visits = Arc::new(AtomicU64::new(0));
    for _ in 0..DRIVERS {
        tasks.spawn(drivers(Arc::clone(world), Arc::clone(&visits)));
    }
    tasks.spawn(webhooks(Arc::clone(world)));
    tasks.spawn(sweeps(Arc::clone(world)));
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    rest::Unfinished::of(world).await
}

/// One driver after the other.
async fn drivers(world: Arc<World>, visits: Arc<AtomicU64>) {
    let most = VISITS_PER_TICKET_MAX * u64::try_from(world.tickets.len()).unwrap();
    while !world.functions.are_spared() {
        let visit = visits.fetch_add(1, Ordering::Relaxed);
        assert!(visit < most, "{visit} visits and not enough to kill");
        let mut choices = world.choices(visit);
        let unpaid = |ticket: &&Issued| !world.history.was_paid(&ticket.case_number);
        let unpaid: Vec<&Issued> = world.tickets.iter().filter(unpaid).collect();
        let ticket = choices.choice(unpaid).unwrap_or(&world.tickets[0]);
        let world = &world;
        Visit { world, ticket }.run(&mut choices).await;
    }
}

/// PayPal delivers every second event; the others are lost on the way.
async fn webhooks(world: Arc<World>) {
    let mut choices = world.choices(WEBHOOKS);
    let mut each = interval(WEBHOOKS_EACH);
    let mut deliveries = JoinSet::new();
    while !world.functions.are_spared() {
        each.tick().await;
        for delivery in world.city.standin.take_deliveries() {
            let is_lost = delivery.attempt == 1 && choices.bool();
            let fate = Fate::draw(&mut choices);
            if !is_lost {
                deliveries.spawn(deliver(Arc::clone(&world), delivery, fate));
            }
        }
    }
    while let Some(ended) = deliveries.join_next().await {
        ended.unwrap();
    }
}

async fn deliver(world: Arc<World>, delivery: Delivery, fate: Option<Fate>) {
    let event = events::webhook(&delivery);
    let answer = world.invoke("receive-webhook", event, fate).await;
    let status = answer.ok().map(|answer| answer.status());
    world.city.standin.delivered(&delivery, status);
}

async fn sweeps(world: Arc<World>) {
    let mut choices = world.choices(SWEEPS);
    let mut each = interval(SWEEP_EACH);
    while !world.functions.are_spared() {
        each.tick().await;
        let event = events::event("minute-passes", &[]);
        let fate = Fate::draw(&mut choices);
        // Killed or not: the next one comes.
        let _ = world.invoke("reconcile-payments", event, fate).await;
    }
}
