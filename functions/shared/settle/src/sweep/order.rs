//! In which order a sweep looks at what is due.

use store::{OpenWork, Queue};

/// Of so many looks one is for those that nobody has asked about yet and one for all
/// others, however many likelier ones are due: they must not wait for ever.
const TURNS: usize = 5;

/// Who is likeliest to bring money goes first, and of each queue the longest due.
pub(super) fn in_order(mut due: Vec<OpenWork>) -> Vec<OpenWork> {
    due.sort_by(|one, other| one.due_at().cmp(other.due_at()));
    let mut of = |queue| due.extract_if(.., |open| open.queue == queue).collect();
    let (likely, new) = (of(Queue::Likely), of(Queue::New));
    // Whoever waits for money back waits beside those who may have given up.
    likely_first(likely, new, due)
}

/// The likely ones, then the new ones, then the others; but every fourth is a new one,
/// and every fifth one of the others.
pub(super) fn likely_first<T>(likely: Vec<T>, new: Vec<T>, others: Vec<T>) -> Vec<T> {
    let mut ordered = Vec::with_capacity(likely.len() + new.len() + others.len());
    let (mut likely, mut new, mut others) =
        (likely.into_iter(), new.into_iter(), others.into_iter());
    loop {
        let round = ordered.len();
        let room = |ordered: &Vec<T>, of: usize| of - (ordered.len() - round);
        ordered.extend(likely.by_ref().take(TURNS - 2));
        ordered.extend(new.by_ref().take(room(&ordered, TURNS - 1)));
        ordered.extend(likely.by_ref().take(room(&ordered, TURNS - 1)));
        ordered.extend(others.by_ref().take(room(&ordered, TURNS)));
        if ordered.len() == round {
            return ordered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_ones_go_first_and_every_fifth_look_is_for_the_others() {
        let likely = || (1..=10).collect::<Vec<_>>();
        let new = || (51..=56).collect::<Vec<_>>();
        let others = || (101..=104).collect::<Vec<_>>();
        assert_eq!(
            likely_first(likely(), Vec::new(), others()),
            [1, 2, 3, 4, 101, 5, 6, 7, 8, 102, 9, 10, 103, 104]
        );
        assert_eq!(
            likely_first(likely(), new(), others()),
            [
                1, 2, 3, 51, 101, 4, 5, 6, 52, 102, 7, 8, 9, 53, 103, 10, 54, 55, 56, 104
            ]
        );
        assert_eq!(
            likely_first(Vec::new(), new(), others()),
            [51, 52, 53, 54, 101, 55, 56, 102, 103, 104]
        );
        for only in 0..3 {
            let of = |queue: u32| (0..if queue == only { 9 } else { 0 }).collect();
            assert_eq!(likely_first(of(0), of(1), of(2)), of(only));
        }
    }
}
