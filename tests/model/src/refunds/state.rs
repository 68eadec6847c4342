//! The refunds in the table, what PayPal has made of them, and who is looking after them.

use super::{Missing, Refunds};

/// One of the two refunds of the same money: the second is proposed where the first has
/// come to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Id {
    First,
    Second,
}

impl Id {
    /// Both.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
}

/// The table, PayPal and the looks, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Their items.
    pub refunds: [Refund; 2],
    /// What PayPal has made under their request ids.
    pub made: [Made; 2],
    /// PayPal has made a second refund of one.
    pub twice: bool,
    /// A call was sent, whoever sent it is dead, and PayPal has not carried it out yet.
    pub under_way: [bool; 2],
    /// What somebody has given back in PayPal's pages.
    pub pages: Pages,
    /// Who looks after them, sorted: they differ in nothing but where they are.
    pub looks: [Option<Look>; Look::MAX],
    /// A call started though PayPal had shown what was given back in its pages.
    pub asked_after_pages: bool,
}

/// A refund's item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refund {
    /// How far it is.
    pub stands: Stands,
    /// PayPal was asked for it.
    pub asked: Option<Asked>,
    /// It is known under which id PayPal has it on its way.
    pub followed: bool,
    /// Its line stands in the books.
    pub line: bool,
}

/// `ticket::RefundState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`ticket::RefundState` says it")]
pub enum Stands {
    #[default]
    NotProposed,
    Proposed,
    Rejected,
    Approved,
    Completed,
    Failed,
}

/// `ticket::Asked`: the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asked {
    /// Nobody can be inside it any more.
    pub over: bool,
    /// It was ten minutes ago.
    pub long_ago: bool,
    /// The first was.
    pub first_long_ago: bool,
}

/// What PayPal has made of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Made {
    /// How it stands.
    pub status: Status,
    /// Less than ten minutes ago: a read may not show it.
    pub hidden: bool,
}

/// `paypal::RefundStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "PayPal's words")]
pub enum Status {
    #[default]
    NotMade,
    Pending,
    Completed,
    Failed,
}

/// A refund in PayPal's own pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pages {
    /// There is none.
    #[default]
    NotMade,
    /// It was made less than ten minutes ago.
    Hidden,
    /// A read shows it.
    Shown,
    /// Its line stands in the books.
    Booked,
}

/// What may come of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is made.
    Completes,
    /// It is on its way.
    IsPending,
    /// It is made, and fails.
    Fails,
    /// 422: it is not made, or was made by an earlier call.
    IsRefused,
}

impl Outcome {
    /// How a refund that is on its way may end.
    pub(crate) const ENDS: [Self; 2] = [Self::Completes, Self::Fails];

    /// What may come of a call for a refund that stands so.
    pub(crate) fn of(status: Status) -> impl Iterator<Item = Self> {
        // What is made has one answer more: that it is not made again.
        let all = [
            Self::Completes,
            Self::IsRefused,
            Self::IsPending,
            Self::Fails,
        ];
        let count = if status == Status::NotMade { 4 } else { 2 };
        all.into_iter().take(count)
    }
}

/// What a look has learned, and is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// So stands what PayPal has made.
    Made(Status),
    /// PayPal has said no.
    Refused,
    /// The money has gone another way.
    Others,
}

/// One call of `Settle::give_back`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Look {
    /// Which refund it is for.
    pub id: Id,
    /// What was read of its earlier calls; still so while `is_fresh`.
    pub asked: Option<Asked>,
    /// Nobody has asked since, but itself.
    pub is_fresh: bool,
    /// It has written down that it asks.
    pub has_asked: bool,
    /// PayPal showed what was given back in its pages before this look began.
    pub pages_were_shown: bool,
    /// What it does next.
    pub next: Step,
}

impl Look {
    /// As many as there are at once.
    pub const MAX: usize = 2;
}

/// The next I/O of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// GET what was given back of the capture.
    Look,
    /// GET the refund that is on its way.
    Follow,
    /// Book what is shown, made in PayPal's pages.
    BookPages,
    /// Book what is shown of the other refund, made after all.
    BookSister,
    /// Write down that PayPal is asked.
    Note,
    /// Send the call.
    Call,
    /// It is sent; only PayPal can go on.
    Hear,
    /// Write down what was learned.
    Write(Answer),
}

impl Refund {
    fn holds_money(self) -> bool {
        match self.stands {
            Stands::Proposed | Stands::Approved | Stands::Completed => true,
            Stands::NotProposed | Stands::Rejected | Stands::Failed => false,
        }
    }
}

impl State {
    pub(crate) fn refund(&mut self, id: Id) -> &mut Refund {
        &mut self.refunds[id as usize]
    }

    pub(crate) fn hides_something(&self) -> bool {
        self.pages == Pages::Hidden || self.made.iter().any(|made| made.hidden)
    }

    pub(crate) fn approve(&mut self, id: Id) -> bool {
        let refund = self.refund(id);
        let allowed = refund.stands == Stands::Proposed;
        if allowed {
            refund.stands = Stands::Approved;
        }
        allowed
    }

    pub(crate) fn reject(&mut self, id: Id, refunds: &Refunds) -> bool {
        let refund = self.refund(id);
        let allowed = match refund.stands {
            Stands::Proposed => true,
            Stands::Approved => {
                refund.asked.is_none() && !refund.followed
                    || refunds.lacks(Missing::AskedIsNotRejected)
            }
            Stands::NotProposed | Stands::Rejected | Stands::Completed | Stands::Failed => false,
        };
        if allowed {
            refund.stands = Stands::Rejected;
        }
        allowed
    }

    /// Nothing of the money may be on its way, or gone.
    pub(crate) fn propose_second(&mut self) -> bool {
        let [first, second] = &mut self.refunds;
        let allowed = second.stands == Stands::NotProposed
            && !first.holds_money()
            && !first.line
            && self.pages != Pages::Booked;
        if allowed {
            second.stands = Stands::Proposed;
        }
        allowed
    }

    /// `Store::ask_for_refund`; the look that asks is not among `self.looks` meanwhile.
    pub(crate) fn note(&mut self, look: Look, refunds: &Refunds) -> bool {
        if refunds.lacks(Missing::Note) {
            return true;
        }
        let allowed = self.refunds[look.id as usize].stands == Stands::Approved && look.is_fresh;
        if allowed {
            self.refund(look.id).asked = Some(Asked {
                over: false,
                long_ago: false,
                first_long_ago: look.asked.is_some_and(|asked| asked.first_long_ago),
            });
            for other in self.looks.iter_mut().flatten() {
                other.is_fresh &= other.id != look.id;
            }
        }
        allowed
    }

    /// PayPal carries a call out, and answers.
    pub(crate) fn call(&mut self, id: Id, outcome: Outcome, refunds: &Refunds) -> Answer {
        let is_new = refunds.lacks(Missing::RequestId);
        let made = &mut self.made[id as usize];
        let status = match outcome {
            Outcome::IsRefused => return Answer::Refused,
            Outcome::Completes => Status::Completed,
            Outcome::IsPending => Status::Pending,
            Outcome::Fails => Status::Failed,
        };
        if made.status == Status::NotMade {
            *made = Made {
                status,
                hidden: true,
            };
        } else {
            self.twice |= is_new;
        }
        Answer::Made(made.status)
    }

    pub(crate) fn end_pending(&mut self, id: Id, end: Outcome) -> bool {
        let made = &mut self.made[id as usize];
        let happens = made.status == Status::Pending;
        if happens {
            made.status = match end {
                Outcome::Completes => Status::Completed,
                Outcome::Fails | Outcome::IsPending | Outcome::IsRefused => Status::Failed,
            };
        }
        happens
    }

    /// Nobody asks before whoever is inside a call must have come out of it.
    pub(crate) fn end_lease(&mut self, id: Id, refunds: &Refunds) -> bool {
        let early = refunds.lacks(Missing::LongLease);
        let is_inside = |look: &Look| look.id == id && look.has_asked;
        let somebody = self.looks.iter().flatten().any(is_inside);
        let happens = match &mut self.refunds[id as usize].asked {
            Some(asked) if !asked.over && (early || !somebody) => {
                asked.over = true;
                true
            }
            Some(_) | None => false,
        };
        if happens && !early {
            self.under_way[id as usize] = false;
        }
        happens
    }

    /// Ten minutes: nobody is inside any more, and a read shows what there is.
    pub(crate) fn pass(&mut self) -> bool {
        let before = *self;
        let is_over = |refund: &Refund| refund.asked.is_none_or(|asked| asked.over);
        let nobody_is_inside = self.looks.iter().all(Option::is_none)
            && !self.under_way.contains(&true)
            && self.refunds.iter().all(is_over);
        if !nobody_is_inside {
            return false;
        }
        for asked in self.refunds.iter_mut().filter_map(|it| it.asked.as_mut()) {
            asked.long_ago = true;
            asked.first_long_ago = true;
        }
        for made in &mut self.made {
            made.hidden = false;
        }
        if self.pages == Pages::Hidden {
            self.pages = Pages::Shown;
        }
        before != *self
    }

    /// The line, and with it the refund's end.
    pub(crate) fn book(&mut self, id: Id) -> bool {
        let refund = self.refund(id);
        let happens = !refund.line || refund.stands != Stands::Completed;
        refund.line = true;
        refund.stands = Stands::Completed;
        happens
    }

    /// A webhook names the refund itself: PayPal shows it, and says how it stands.
    pub(crate) fn tell(&mut self, id: Id) -> bool {
        self.made[id as usize].status == Status::Completed && self.book(id)
    }

    pub(crate) fn tell_of_pages(&mut self) -> bool {
        let happens = matches!(self.pages, Pages::Hidden | Pages::Shown);
        if happens {
            self.pages = Pages::Booked;
        }
        happens
    }
}
