//! A system of the city's reads what has changed, while clerks and drivers write.

use std::rc::Rc;
use std::time::Duration;

use journeys::{event, request};
use lambda_http::Body;
use paypal_standin::Payer;
use serde_json::Value;
use ticket::Cents;

use super::{tell, without_webhooks};
use crate::office::{Wish, clerk};
use crate::world::{Function, Work, World};

/// Far fewer than there are, so that pages end among young changes.
const PAGE: &str = "2";
/// How often is read: while somebody writes, and when only the schedule is left.
const RESTS: Duration = Duration::from_secs(2);
const SLEEPS: Duration = Duration::from_mins(30);
/// By then no change is young any more.
const SETTLED: Duration = Duration::from_mins(3);
/// A page that does not come is asked for again, at most so often in a row.
const TRIES_MAX: u32 = 40;
/// Who writes, and how long after the beginning: close to each other, so that whoever is
/// held up comes after those behind.
const WRITE: [(u64, Wish); 3] = [
    (10, Wish::Amount(Cents::new(2_000))),
    (12, Wish::Object),
    (14, Wish::Cash),
];
/// Another one is paid at PayPal.
const PAYS: u64 = 16;

/// A ticket for each.
pub(super) fn prepare(world: &Rc<World>) {
    without_webhooks(world);
    for number in 1..=WRITE.len() {
        let driver = world.issue(&format!("KL-FEED-{number:04}"));
        world.drivers.borrow_mut().push(driver);
    }
}

/// All of them, and whoever reads.
pub(super) fn begin(world: &Rc<World>) {
    let mut actors: Vec<Work> = Vec::new();
    for (place, (after, wish)) in WRITE.into_iter().enumerate() {
        let (driver, world) = (world.drivers.borrow()[place].clone(), Rc::clone(world));
        actors.push(Box::pin(async move {
            world.pause(Duration::from_secs(after)).await;
            clerk(Rc::clone(&world), driver.case_number().clone(), wish).await;
        }));
    }
    let (driver, its_world) = (
        world.drivers.borrow()[WRITE.len()].clone(),
        Rc::clone(world),
    );
    actors.push(Box::pin(async move {
        its_world.pause(Duration::from_secs(PAYS)).await;
        driver.pays(Payer::Pays).await;
    }));
    tell(world, actors);
    world.spawn(reads(Rc::clone(world)));
}

/// Reads as long as the story goes on, and then until nothing is left that is young.
async fn reads(world: Rc<World>) {
    world.history.borrow_mut().heard = Some(Vec::new());
    let mut next = None;
    while !world.over.get() {
        hears(&world, &mut next).await;
        let is_calm = world.calm.get();
        world.pause(if is_calm { SLEEPS } else { RESTS }).await;
    }
    // The first time may stop among young ones, and begins again behind them.
    for _ in 0..2 {
        world.pause(SETTLED).await;
        let mut tries = 0;
        while tries < TRIES_MAX {
            match hears(&world, &mut next).await {
                Some(true) => tries = 0,
                Some(false) => break,
                None => tries += 1,
            }
        }
    }
}

/// One page, and whether there is more at once; nothing where it did not come.
async fn hears(world: &World, next: &mut Option<String>) -> Option<bool> {
    let functions = world.functions();
    let now = world.functions_now();
    let fill = [
        ("AFTER", next.as_deref().unwrap_or_default()),
        ("LIMIT", PAGE),
    ];
    let mut event = event("city-reads-changes", &fill);
    if next.is_none() {
        // Who begins has no place yet.
        event = event.replace("after=&", "").replace("\"after\": \"\",", "");
    }
    let request = request(&event);
    let answer = world
        .invoke(Function::ManageTickets, async move {
            manage_tickets::handle(&functions.manage_tickets, request, now).await
        })
        .await?;
    let Body::Text(page) = answer.body() else {
        return None;
    };
    let page: Value = serde_json::from_str(page).expect("JSON");
    let changes = page["changes"].as_array()?;
    if let Some(heard) = &mut world.history.borrow_mut().heard {
        heard.extend(changes.iter().cloned());
    }
    *next = page["next"].as_str().map(str::to_owned);
    page["more"].as_bool()
}
