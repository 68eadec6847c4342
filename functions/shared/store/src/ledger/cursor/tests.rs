use super::*;

fn key(second: u32, id: &str) -> String {
    format!("2026-11-23T08:00:{second:02}.000Z#{id}")
}

fn moment(second: u32) -> String {
    format!("2026-11-23T08:00:{second:02}.000Z")
}

/// A feed of one shard, and somebody who reads it from its beginning.
struct Feed {
    keys: Vec<String>,
    cursor: ChangeCursor,
}

impl Feed {
    fn read(&mut self, limit: usize, settled: &str) -> Vec<String> {
        self.keys.sort();
        let reading = self.cursor.reading(settled);
        let after = self.keys.iter().filter(|key| &***key > reading.from());
        let mut found: Vec<&str> = after.map(String::as_str).collect();
        let more = found.len() > limit;
        found.truncate(limit);
        self.cursor = reading.next(&Read { keys: &found, more }, settled);
        // Whoever reads sends it back as text.
        assert_eq!(
            ChangeCursor::read(&self.cursor.text()).unwrap(),
            self.cursor
        );
        found.into_iter().map(str::to_owned).collect()
    }
}

fn feed(keys: impl IntoIterator<Item = String>) -> Feed {
    Feed {
        keys: keys.into_iter().collect(),
        cursor: ChangeCursor::default(),
    }
}

#[test]
fn what_is_settled_is_given_once() {
    let mut feed = feed((0..9).map(|second| key(second, "A")));
    let mut given = Vec::new();
    for _ in 0..5 {
        given.extend(feed.read(2, &moment(30)));
    }
    assert_eq!(given, feed.keys);
    assert!(feed.read(2, &moment(30)).is_empty());
}

#[test]
fn what_is_young_is_given_at_once_and_again_until_it_is_settled() {
    let mut feed = feed([key(1, "A"), key(40, "B")]);
    assert_eq!(feed.read(9, &moment(30)).len(), 2);
    assert_eq!(feed.read(9, &moment(40)), [key(40, "B")]);
    assert_eq!(feed.read(9, &moment(41)), [key(40, "B")]);
    assert!(feed.read(9, &moment(41)).is_empty());
}

#[test]
fn pages_go_on_through_what_is_young_and_then_begin_again() {
    let mut feed = feed((31..36).map(|second| key(second, "A")));
    let pass = |feed: &mut Feed| {
        let pages = [(); 3].map(|()| feed.read(2, &moment(30)));
        pages.into_iter().flatten().collect::<Vec<_>>()
    };
    let all = feed.keys.clone();
    assert_eq!(pass(&mut feed), all);
    assert_eq!(pass(&mut feed), all);
}

#[test]
fn what_is_written_behind_a_page_of_young_ones_comes_all_the_same() {
    let mut feed = feed([key(31, "A"), key(33, "B"), key(35, "C")]);
    assert_eq!(feed.read(1, &moment(30)), [key(31, "A")]);
    assert_eq!(feed.read(1, &moment(30)), [key(33, "B")]);
    feed.keys.push(key(32, "LATE"));
    // All of it is settled by the time that the next page is asked for.
    let given: Vec<String> = (0..5).flat_map(|_| feed.read(1, &moment(50))).collect();
    assert!(given.contains(&key(32, "LATE")), "{given:?}");
    assert_eq!(given.len(), 4);
}

#[test]
fn whatever_is_written_late_but_not_too_late_is_given() {
    // Every moment of writing, every page size, every pace of whoever reads.
    for limit in 1..4 {
        for pace in 1..8 {
            for late in 0..10 {
                let mut feed = feed([]);
                let mut given = Vec::new();
                for second in 0..40_u32 {
                    // Margin: what carries `second - 9` may be written now at the latest.
                    feed.keys.push(key(second, "A"));
                    if second >= late {
                        feed.keys.push(key(second - late, "LATE"));
                    }
                    if second % pace == 0 {
                        let settled = moment(second.saturating_sub(10));
                        given.extend(feed.read(limit, &settled));
                    }
                }
                for _ in 0..200 {
                    given.extend(feed.read(limit, &moment(59)));
                }
                for key in &feed.keys {
                    assert!(given.contains(key), "{limit} {pace} {late}: {key}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_cursor_is_none() {
    for text in [
        "",
        "1",
        "2|",
        "1|x",
        "1|2026-11-23#A",
        "1|2026-11-23T08:00:00Z#A",
        "1|2026-11-23T08:00:00.000Z",
        "1|2026-11-23T08:00:00.000Z#",
        "1|2026-13-23T08:00:00.000Z#A",
        "1|||",
        "1||x",
    ] {
        assert_eq!(ChangeCursor::read(text), None, "{text}");
    }
    assert_eq!(ChangeCursor::read("1|"), Some(ChangeCursor::default()));
}

#[test]
fn a_place_before_a_moment_gives_that_moments_changes_and_none_before() {
    let now: Timestamp = "2026-11-23T08:10:00Z".parse().unwrap();
    let mut feed = feed([
        key(9, "KL-1.1"),
        key(10, "-"),
        key(10, "KL-2.1"),
        key(11, "KL-3.1"),
    ]);
    feed.cursor = ChangeCursor::before(moment(10).parse().unwrap(), now);
    assert_eq!(feed.cursor.settled_at(), Some(moment(10).parse().unwrap()));
    let read = feed.read(9, &moment(30));
    assert_eq!(read, [key(10, "-"), key(10, "KL-2.1"), key(11, "KL-3.1")]);
}

#[test]
fn a_place_before_now_gives_what_may_still_come_to_be_before_now() {
    let now: Timestamp = "2026-11-23T08:10:00Z".parse().unwrap();
    let later: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    for at in [now, later] {
        let settled_at = ChangeCursor::before(at, now).settled_at();
        assert_eq!(settled_at, Some(now - SETTLED_AFTER));
    }
    assert_eq!(ChangeCursor::default().settled_at(), None);
}

#[test]
fn a_place_before_any_moment_is_one_that_can_be_read() {
    let now: Timestamp = "2026-11-23T08:10:00Z".parse().unwrap();
    let year_before_one: Timestamp = "0000-01-01T00:00:00+01:00".parse().unwrap();
    for at in [Timestamp::MIN, year_before_one, now, Timestamp::MAX] {
        let cursor = ChangeCursor::before(at, now);
        assert_eq!(ChangeCursor::read(&cursor.text()), Some(cursor), "{at}");
    }
}
