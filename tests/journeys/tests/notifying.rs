//! What the city's systems are told without asking: every change, signed, once for each
//! id; whatever a subscriber does, nobody else hears late and nothing is lost.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeys::{Answers, City, Heard, OFFENCE_NUMBER, PLACE, PLATE, Payment, SECRETS, Subscriber};
use notify_city::{App, Told, Wake};
use serde_json::{Value, json};
use store::{Act, Write};
use ticket::Change;
use tokio::time::Instant;

const CASE: &str = "KL-2026-000123";
const A_MINUTE: Duration = Duration::from_mins(1);
const AN_HOUR: Duration = Duration::from_hours(1);
/// Longer than a turn that nobody ends.
const TURN: Duration = Duration::from_mins(2);

/// A city that tells this subscriber, which has heard all there was.
async fn city_that_tells(subscriber: &Subscriber) -> (City, App) {
    let city = Box::pin(City::new()).await;
    let app = city.tells(&[subscriber.configured()]).await;
    assert_eq!(city.minute_wakes(&app).await, Told::default());
    (city, app)
}

async fn cash(city: &City, case_number: &str) {
    let payment = Payment {
        amount: "30.00",
        number: case_number,
        paid_at: None,
    };
    let booked = city.books("clerk-takes-cash", case_number, payment).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
}

/// The feed as the city reads it, by id.
async fn feed(city: &City) -> BTreeMap<String, Value> {
    let page = city.lists("city-reads-changes", &[("limit", "500")]).await;
    let changes = page.body["changes"].as_array().unwrap().iter();
    changes
        .map(|change| (change["id"].as_str().unwrap().to_owned(), change.clone()))
        .collect()
}

/// How often each id was taken.
fn times(taken: &[Heard]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for heard in taken {
        *times.entry(heard.id.as_str()).or_default() += 1;
    }
    times
}

/// Everything in the feed was taken, once for each id, and says what the feed says.
async fn has_heard_everything_once(city: &City, subscriber: &Subscriber) {
    let (feed, taken) = (feed(city).await, subscriber.taken());
    let ids: BTreeSet<&str> = feed.keys().map(String::as_str).collect();
    let times = times(&taken);
    assert_eq!(times.keys().copied().collect::<BTreeSet<_>>(), ids);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    for heard in &taken {
        assert_eq!(heard.body["data"], feed[&heard.id]);
    }
}

/// Minutes pass; in each the schedule wakes.
async fn minutes(city: &City, app: &App, count: usize) {
    for _ in 0..count {
        city.later(A_MINUTE);
        city.minute_wakes(app).await;
    }
}

#[tokio::test]
async fn what_is_booked_is_told_at_once_signed_once_and_as_the_feed_says_it() {
    let subscriber = Subscriber::opens("cash-office").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    city.later(Duration::from_secs(1));
    cash(&city, CASE).await;
    let told = city.stream_wakes(&app).await;
    assert_eq!((told.told, told.failed, told.parked), (2, 0, 0));
    has_heard_everything_once(&city, &subscriber).await;
    let heard = subscriber.taken();
    let schema = json!({ "$ref": "#/components/schemas/ChangeMessage" });
    let components = &openapi::description().document["components"];
    let described = openapi::validator(&schema, components);
    for heard in &heard {
        // The server has checked the signature itself.
        assert_eq!(heard.signatures, 1);
        assert_eq!(heard.sent_at_s, city.now().as_second());
        assert!(described.is_valid(&heard.body), "{}", heard.body);
        assert_eq!(heard.body["timestamp"], heard.body["data"]["at"]);
        let text = heard.body.to_string();
        for word in [PLATE, PLACE, OFFENCE_NUMBER, "clerk-17"] {
            assert!(!text.contains(word), "{word}");
        }
    }
    let paid = heard.iter().find(|it| it.body["type"] == "ticket.paid");
    let paid = &paid.unwrap().body["data"];
    assert_eq!(
        (&paid["state"], &paid["owed"]),
        (&json!("paid"), &json!("0.00"))
    );
    // Young changes are given by the feed again and again, and told once.
    for _ in 0..4 {
        assert_eq!(city.stream_wakes(&app).await, Told::default());
        city.later(A_MINUTE);
        assert_eq!(city.minute_wakes(&app).await, Told::default());
    }
    has_heard_everything_once(&city, &subscriber).await;
    let stands = city.stands(&app, "cash-office").await;
    assert_eq!(stands["heard_until"], paid["at"]);
    assert_eq!(stands["trouble"], Value::Null);
    assert_eq!(stands["host"], "127.0.0.1");
}

#[tokio::test]
async fn while_secrets_are_changed_both_of_them_sign() {
    let subscriber = Subscriber::opens_with("city", &SECRETS).await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    city.stream_wakes(&app).await;
    let heard = subscriber.taken();
    assert_eq!((heard.len(), heard[0].signatures), (1, 2));
}

#[tokio::test]
async fn whoever_is_new_hears_from_now_on_and_a_change_that_is_written_late_too() {
    let subscriber = Subscriber::opens("city").await;
    let city = City::new().await;
    city.issue("KL-OLD").await;
    city.later(Duration::from_mins(10));
    let app = city.tells(&[subscriber.configured()]).await;
    assert_eq!(city.minute_wakes(&app).await, Told::default());
    let began = city.now();
    city.issue(CASE).await;
    let ticket = city.case_file(CASE).await.ticket;
    for number in 0..6 {
        city.later(Duration::from_secs(10));
        city.issue(&format!("KL-{number}")).await;
        city.stream_wakes(&app).await;
    }
    let act = Act {
        by: "slow",
        reason: &"Spät".parse().unwrap(),
        at: began,
    };
    let permit = ticket.permit(Change::Withdraw).unwrap().unwrap();
    let late = city.store.change_by_clerk(permit, act).await.unwrap();
    assert_eq!(late, Write::Done);
    city.stream_wakes(&app).await;
    minutes(&city, &app, 3).await;
    let taken = subscriber.taken();
    assert_eq!(taken.len(), 8);
    assert_eq!(taken[7].body["type"], "ticket.withdrawn");
    assert!(times(&taken).values().all(|times| *times == 1));
}

#[tokio::test]
async fn whoever_was_down_hears_everything_once_and_was_left_alone_meanwhile() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    for number in 0..30 {
        city.issue(&format!("KL-{number}")).await;
        city.stream_wakes(&app).await;
        if number == 9 {
            subscriber.answers(Answers::Page(503));
        }
        minutes(&city, &app, 6).await;
    }
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["trouble"]["outcome"], "answered 503");
    assert_eq!(subscriber.taken().len(), 10);
    // Two hours of a change every six minutes: a few tries, and the rest waits in the feed.
    let tries = subscriber.heard().len() - 10;
    assert!((10..50).contains(&tries), "{tries}");
    let failed = stands["failed"]["messages"].as_array().unwrap().len();
    assert!((3..20).contains(&failed), "{failed}");
    subscriber.answers(Answers::Takes);
    minutes(&city, &app, 16).await;
    has_heard_everything_once(&city, &subscriber).await;
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["trouble"], Value::Null);
    assert_eq!(stands["failed"], json!({ "messages": [], "more": false }));
    // It is told at once again.
    city.issue("KL-AGAIN").await;
    assert_eq!(city.stream_wakes(&app).await.told, 1);
}

#[tokio::test]
async fn whoever_hangs_answers_pages_redirects_or_leads_inside_keeps_nobody_waiting() {
    let elsewhere = Subscriber::opens("elsewhere").await;
    let mut good = Subscriber::opens("good").await;
    let (hangs, page, redirects) = (
        Subscriber::opens("hangs").await,
        Subscriber::opens("page").await,
        Subscriber::opens("redirects").await,
    );
    hangs.answers(Answers::Hangs);
    page.answers(Answers::Page(500));
    redirects.answers(Answers::Redirects(elsewhere.address().to_owned()));
    let inside = json!({ "id": "inside", "url": "https://localhost/", "secrets": [SECRETS[0]] });
    let mut all = vec![inside];
    all.extend([&hangs, &good, &page, &redirects].map(Subscriber::configured));
    let city = City::new().await;
    let app = city.tells_impatiently(&all).await;
    city.minute_wakes(&app).await;
    city.issue("KL-0").await;
    let mut run = std::pin::pin!(city.stream_wakes(&app));
    let mut heard = Vec::new();
    while heard.len() < 2 {
        tokio::select! {
            id = good.next() => heard.push(id),
            told = &mut run => panic!("the run is over: {told:?}"),
        }
        // While the other one hangs, in the same run: nothing else wakes anybody.
        if heard.len() == 1 {
            city.issue("KL-1").await;
        }
    }
    assert!(heard[0].starts_with("KL-0."), "{heard:?}");
    assert!(heard[1].starts_with("KL-1."), "{heard:?}");
    let told = run.await;
    assert_eq!(told.told, 2);
    for number in 2..6 {
        city.later(A_MINUTE);
        city.issue(&format!("KL-{number}")).await;
        city.minute_wakes(&app).await;
    }
    has_heard_everything_once(&city, &good).await;
    assert_eq!(elsewhere.heard(), []);
    for (id, outcome) in [
        ("hangs", "no answer in time"),
        ("page", "answered 500"),
        (
            "redirects",
            "answered 302: a redirect, which is not followed",
        ),
        ("inside", "the host's name leads to no public address"),
    ] {
        let stands = city.stands(&app, id).await;
        assert_eq!(stands["trouble"]["outcome"], outcome, "{id}");
        let failed = &stands["failed"]["messages"][0];
        assert_eq!(failed["outcome"], outcome, "{id}");
        assert!(failed["tries"].as_u64() > Some(0));
    }
    // A change wakes nobody for those any more: the run ends at once.
    city.issue("KL-9").await;
    let told = city.stream_wakes(&app).await;
    assert_eq!((told.told, told.failed), (1, 0));
    // And once they are well they hear it all.
    for subscriber in [&hangs, &page, &redirects] {
        subscriber.answers(Answers::Takes);
    }
    minutes(&city, &app, 16).await;
    for subscriber in [&good, &hangs, &page, &redirects] {
        has_heard_everything_once(&city, subscriber).await;
    }
}

#[tokio::test]
async fn messages_that_are_refused_keep_nobody_from_hearing_the_rest() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    subscriber.answers(Answers::TakesAllBut("issued"));
    for number in 0..12 {
        city.issue(&format!("KL-{number}")).await;
    }
    city.stream_wakes(&app).await;
    city.later(A_MINUTE);
    for number in 0..12 {
        cash(&city, &format!("KL-{number}")).await;
    }
    minutes(&city, &app, 60).await;
    let taken = subscriber.taken();
    assert_eq!(taken.len(), 12);
    assert!(taken.iter().all(|it| it.body["type"] == "ticket.paid"));
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["failed"]["messages"].as_array().unwrap().len(), 12);
    subscriber.answers(Answers::Takes);
    for _ in 0..7 {
        city.later(AN_HOUR);
        city.minute_wakes(&app).await;
    }
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn whoever_refuses_one_kind_of_message_hears_of_another_at_once() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    subscriber.answers(Answers::TakesAllBut("issued"));
    for number in 0..40 {
        city.issue(&format!("KL-{number}")).await;
    }
    let told = city.stream_wakes(&app).await;
    assert_eq!((told.told, told.failed), (0, 40));
    cash(&city, "KL-7").await;
    assert_eq!(city.stream_wakes(&app).await.told, 1);
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["trouble"], Value::Null);
    // What is refused keeps its own waits: after 1, 3, 8, 23 and 53 minutes.
    minutes(&city, &app, 60).await;
    let heard = subscriber.heard();
    let tries = times(&heard);
    assert_eq!(tries.len(), 41);
    for (id, tries) in tries {
        let expected = if id.contains(".issued.") { 6 } else { 1 };
        assert_eq!(tries, expected, "{id}");
    }
}

#[tokio::test]
async fn whoever_is_slow_with_one_message_hears_the_others_meanwhile() {
    let mut subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue("KL-0").await;
    city.stream_wakes(&app).await;
    subscriber.next().await;
    subscriber.answers(Answers::HangsAt("paid"));
    cash(&city, "KL-0").await;
    city.later(Duration::from_secs(1));
    for number in 1..20 {
        city.issue(&format!("KL-{number}")).await;
    }
    let run = city.stream_wakes(&app);
    let meanwhile = async {
        for _ in 0..20 {
            subscriber.next().await;
        }
        subscriber.answers(Answers::Takes);
    };
    let (told, ()) = tokio::join!(run, meanwhile);
    assert_eq!((told.told, told.failed), (20, 0));
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn a_run_whose_time_is_over_reads_no_further() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    city.stream_wakes(&app).await;
    let before = city.stands(&app, "city").await["heard_until"].clone();
    // It is old enough to be passed, and there is nothing new to send.
    city.later(3 * A_MINUTE);
    let over = Instant::now();
    let told = notify_city::tell(&app, Wake::Minute, &|| city.now(), over).await;
    assert_eq!(told.unwrap(), Told::default());
    assert_eq!(city.stands(&app, "city").await["heard_until"], before);
    city.minute_wakes(&app).await;
    assert_ne!(city.stands(&app, "city").await["heard_until"], before);
}

#[tokio::test]
async fn whoever_says_how_long_it_is_busy_is_left_alone_so_long() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    subscriber.answers(Answers::Busy { for_s: 600 });
    city.issue(CASE).await;
    city.stream_wakes(&app).await;
    city.issue("KL-1").await;
    assert_eq!(city.stream_wakes(&app).await, Told::default());
    minutes(&city, &app, 9).await;
    assert_eq!(subscriber.heard().len(), 1);
    subscriber.answers(Answers::Takes);
    minutes(&city, &app, 1).await;
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn a_turn_whose_answer_is_lost_is_this_runs_all_the_same() {
    let subscriber = Subscriber::opens("city").await;
    let (city, _) = city_that_tells(&subscriber).await;
    let app = city
        .tells_losing_an_answer(&[subscriber.configured()])
        .await;
    city.issue(CASE).await;
    assert_eq!(city.stream_wakes(&app).await.told, 1);
    // And it has ended.
    city.issue("KL-1").await;
    assert_eq!(city.stream_wakes(&app).await.told, 1);
}

#[tokio::test]
async fn two_runs_at_once_send_everything_once() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    let other = city.tells(&[subscriber.configured()]).await;
    for number in 0..20 {
        city.issue(&format!("KL-{number}")).await;
        let (one, two) = tokio::join!(city.stream_wakes(&app), city.minute_wakes(&other));
        assert_eq!(one.told + two.told, 1);
    }
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn a_change_that_comes_while_a_run_is_at_work_is_told_by_that_run() {
    let mut subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    let other = city.tells(&[subscriber.configured()]).await;
    city.issue("KL-0").await;
    subscriber.answers(Answers::Hangs);
    let run = city.stream_wakes(&app);
    let meanwhile = async {
        subscriber.next().await;
        city.issue("KL-1").await;
        let woken = city.stream_wakes(&other).await;
        subscriber.answers(Answers::Takes);
        woken
    };
    let (told, woken) = tokio::join!(run, meanwhile);
    assert_eq!((told.told, woken), (2, Told::default()));
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn whoever_dies_after_sending_has_it_sent_again_under_the_same_id() {
    let mut subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    let id = tokio::select! {
        id = subscriber.next() => id,
        told = city.stream_wakes(&app) => panic!("{told:?} was written down"),
    };
    assert_eq!(
        times(&subscriber.taken()),
        BTreeMap::from([(id.as_str(), 1)])
    );
    // Its turn is not over: nobody knows that it is dead.
    assert_eq!(city.minute_wakes(&app).await, Told::default());
    city.later(TURN);
    assert_eq!(city.minute_wakes(&app).await.told, 1);
    assert_eq!(
        times(&subscriber.taken()),
        BTreeMap::from([(id.as_str(), 2)])
    );
    city.later(TURN);
    assert_eq!(city.minute_wakes(&app).await, Told::default());
}

#[tokio::test]
async fn a_redelivery_tries_at_once_what_was_not_taken() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    subscriber.answers(Answers::Page(500));
    city.issue(CASE).await;
    // Until it is given up; and then it is left alone.
    for _ in 0..80 {
        city.later(AN_HOUR);
        city.minute_wakes(&app).await;
    }
    let stands = city.stands(&app, "city").await;
    let parked = &stands["parked"]["messages"][0];
    assert_eq!(
        (&parked["case_number"], &parked["outcome"]),
        (&json!(CASE), &json!("answered 500"))
    );
    assert_eq!(stands["failed"]["messages"], json!([]));
    let at = |field: &str| {
        parked[field]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let tried_for = at("parked_at").duration_since(at("first_failed_at"));
    assert!(
        tried_for >= notify_city::TRIED_FOR && tried_for.as_hours() < 73,
        "{tried_for}"
    );
    let tries = subscriber.heard().len();
    minutes(&city, &app, 20).await;
    assert_eq!(subscriber.heard().len(), tries);
    subscriber.answers(Answers::Takes);
    minutes(&city, &app, 20).await;
    assert_eq!(subscriber.taken(), []);
    for body in ["{}", ""] {
        let asked = city.redelivers(&app, "city", body).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        assert_eq!(asked.body["trouble"], Value::Null);
    }
    city.minute_wakes(&app).await;
    has_heard_everything_once(&city, &subscriber).await;
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["parked"]["messages"], json!([]));
    minutes(&city, &app, 3).await;
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn a_redelivery_ends_a_pause_and_is_over_then() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    subscriber.answers(Answers::Page(500));
    for number in 0..20 {
        city.issue(&format!("KL-{number}")).await;
    }
    // The rest is not even tried.
    let told = city.stream_wakes(&app).await;
    assert_eq!((told.failed, subscriber.heard().len()), (8, 8));
    let paused = city.stands(&app, "city").await["trouble"]["paused_until"].clone();
    assert!(paused.is_string(), "{paused}");
    assert_eq!(city.minute_wakes(&app).await, Told::default());
    subscriber.answers(Answers::Takes);
    city.redelivers(&app, "city", "{}").await;
    assert_eq!(city.minute_wakes(&app).await.told, 20);
    has_heard_everything_once(&city, &subscriber).await;
    // What fails from now on waits for its time again: a minute, then two.
    subscriber.answers(Answers::TakesAllBut("withdrawn"));
    let withdrawn = city.clerk("clerk-withdraws-ticket", "KL-0").await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    city.stream_wakes(&app).await;
    minutes(&city, &app, 2).await;
    let heard = subscriber.heard().into_iter();
    let tries = heard.filter(|it| it.body["type"] == "ticket.withdrawn");
    assert_eq!(tries.count(), 2);
}

#[tokio::test]
async fn since_a_moment_everything_is_told_again_once_under_the_same_ids() {
    let mut subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    let mut since = String::new();
    for number in 0..250 {
        city.issue(&format!("KL-{number}")).await;
        if number == 99 {
            city.later(A_MINUTE);
            since = city.now().to_string();
        }
    }
    city.minute_wakes(&app).await;
    has_heard_everything_once(&city, &subscriber).await;
    city.later(5 * AN_HOUR);
    city.minute_wakes(&app).await;
    let body = json!({ "since": since }).to_string();
    assert_eq!(city.redelivers(&app, "city", &body).await.status, 202);
    assert_eq!(city.minute_wakes(&app).await.told, 150);
    minutes(&city, &app, 4).await;
    let taken = subscriber.taken();
    let twice = times(&taken).values().filter(|times| **times == 2).count();
    assert_eq!((taken.len(), twice), (400, 150));
    // In the middle of a run, too: what that writes down does not undo it.
    city.issue("KL-LAST").await;
    // It is old enough for that run to come past it.
    city.later(3 * A_MINUTE);
    subscriber.answers(Answers::Hangs);
    while subscriber_has_more(&mut subscriber).await {}
    let run = city.stream_wakes(&app);
    let meanwhile = async {
        subscriber.next().await;
        city.redelivers(&app, "city", &body).await;
        subscriber.answers(Answers::Takes);
    };
    let (told, ()) = tokio::join!(run, meanwhile);
    assert_eq!(told.told, 1 + 151);
}

#[tokio::test]
async fn since_before_the_calendar_everything_is_told_again() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    city.stream_wakes(&app).await;
    let since = json!({ "since": "0000-01-01T00:00:00+01:00" }).to_string();
    let asked = city.redelivers(&app, "city", &since).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    assert_eq!(city.minute_wakes(&app).await.told, 1);
}

#[tokio::test]
async fn a_redelivery_is_not_over_before_nothing_is_parked() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    city.issue(CASE).await;
    city.stream_wakes(&app).await;
    city.index_still_parks("city", &subscriber.taken()[0]).await;
    let more_than_a_turn_looks_at = 502;
    for number in 1..=more_than_a_turn_looks_at {
        city.parks("city", &format!("KL-{number}")).await;
    }
    city.redelivers(&app, "city", "{}").await;
    minutes(&city, &app, 3).await;
    assert_eq!(subscriber.taken().len(), 1 + more_than_a_turn_looks_at);
    let stands = city.stands(&app, "city").await;
    assert_eq!(stands["parked"]["messages"], json!([]));
}

/// Whether there was one more arrival that nobody has waited for.
async fn subscriber_has_more(subscriber: &mut Subscriber) -> bool {
    tokio::select! {
        biased;
        _ = subscriber.next() => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test]
async fn since_passes_over_nothing_that_was_not_heard_yet() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    for number in 0..3 {
        city.issue(&format!("KL-{number}")).await;
        city.later(AN_HOUR);
    }
    let since = json!({ "since": city.now().to_string() }).to_string();
    city.redelivers(&app, "city", &since).await;
    city.minute_wakes(&app).await;
    has_heard_everything_once(&city, &subscriber).await;
}

#[tokio::test]
async fn whoever_asks_about_nobody_or_in_other_words_is_told_so() {
    let subscriber = Subscriber::opens("city").await;
    let (city, app) = city_that_tells(&subscriber).await;
    for name in ["other", "CITY", "a%23b", ""] {
        let read = city
            .asks_about(&app, "city-reads-subscriber", name, None)
            .await;
        assert!(
            read.is_problem(404, "no-such-subscriber"),
            "{name}: {}",
            read.body
        );
        let asked = city.redelivers(&app, name, "{}").await;
        assert!(
            asked.is_problem(404, "no-such-subscriber"),
            "{name}: {}",
            asked.body
        );
    }
    let tomorrow = json!({ "since": (city.now() + Duration::from_hours(24)).to_string() });
    for (body, field) in [
        (r#"{"since":"gestern"}"#, json!("since")),
        (r#"{"since":null}"#, json!("since")),
        (r#"{"since":"2026-11-23T08:00:00"}"#, json!("since")),
        (r#"{"until":"2026-11-23T08:00:00Z"}"#, json!("until")),
        (&tomorrow.to_string(), json!("since")),
        ("[]", Value::Null),
    ] {
        let asked = city.redelivers(&app, "city", body).await;
        assert!(
            asked.is_problem(400, "invalid-request"),
            "{body}: {}",
            asked.body
        );
        assert_eq!(asked.body["field"], field, "{body}");
    }
    assert_eq!(city.minute_wakes(&app).await, Told::default());
}
