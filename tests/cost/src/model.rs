//! What is asked for, as AWS bills it.

use crate::asked::{Asked, Door};
use crate::inputs::{Inputs, Place};
use crate::prices::{Item, OF_A_UNIT, Usage};

/// So long AWS's month is.
const HOURS_A_MONTH: u128 = 730;
const MINUTES_A_MONTH: u128 = HOURS_A_MONTH * 60;
const MONTHS_A_YEAR: u128 = 12;
/// A year has 365, and a month a twelfth.
const NIGHTS_A_YEAR: u128 = 365;
/// `DynamoDB` asks the key again for a function that has not asked for five minutes.
const TABLE_KEY: u128 = 1;
/// The sweep, and whoever tells the city.
const FUNCTIONS_OF_EACH_MINUTE: u128 = 2;

/// A line of a table.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is for.
    pub name: &'static str,
    /// What it takes.
    pub usage: Usage,
}

const fn part(name: &'static str, usage: Usage) -> Part {
    Part { name, usage }
}

/// All of these together.
#[must_use]
pub fn all(parts: &[Part]) -> Usage {
    let each = parts.iter().map(|part| &part.usage);
    each.fold(Usage::default(), Usage::plus)
}

impl Inputs {
    /// What a thousand payments take, by the steps of each.
    #[must_use]
    pub fn thousand_payments(&self) -> Vec<Part> {
        let (asked, it) = (&self.recorded, &self.assumptions.payment);
        let each = |asked: &Asked| self.usage(asked, it.cold_percent).times(1000);
        vec![
            part("the ticket is issued", each(&asked.issue)),
            part("the page is opened", each(&asked.scan)),
            part("*Pay* is pressed", each(&asked.press_pay)),
            part("back from PayPal: captured, booked", each(&asked.come_back)),
            part("PayPal's webhooks", each(&asked.webhooks)),
            part("the page is opened again", each(&asked.look_again)),
            part("the city is told, twice", each(&asked.tell_city).times(2)),
            part("the nights compare it", each(&asked.nights)),
            part(
                "checkouts that are left",
                self.abandoned(it.cold_percent)
                    .times(1000)
                    .percent(it.abandoned_percent),
            ),
        ]
    }

    /// What a year of a place takes, but for its stacks.
    #[must_use]
    pub fn year(&self, place: &Place) -> Vec<Part> {
        let (asked, it) = (&self.recorded, &self.assumptions.year);
        let each = |asked: &Asked| self.usage(asked, it.cold_percent);
        let ticket = each(&asked.issue)
            .plus(&each(&asked.tell_city))
            .plus(&each(&asked.scan).percent(it.scanned_percent));
        let paid = [
            &asked.press_pay,
            &asked.come_back,
            &asked.webhooks,
            &asked.look_again,
            &asked.tell_city,
            &asked.nights,
        ];
        let paid = paid.map(each).iter().fold(Usage::default(), Usage::plus);
        let abandoned = self
            .abandoned(it.cold_percent)
            .percent(self.assumptions.payment.abandoned_percent);
        let payments = |usage: &Usage| usage.times(place.tickets).percent(it.paid_percent);
        vec![
            part("tickets", ticket.times(place.tickets)),
            part("payments", payments(&paid)),
            part("checkouts that are left", payments(&abandoned)),
            part("what is kept", self.kept(place)),
        ]
    }

    /// What a stack takes in a month in which nobody comes.
    #[must_use]
    pub fn idle_month(&self) -> Vec<Part> {
        let (asked, templates) = (&self.recorded, &self.templates);
        let it = &self.assumptions.stack;
        let fixed = |item, units| Usage::default().and(item, units);
        let scheduled = |asked: &Asked, times: u128| {
            let once = self.usage(asked, 0).and(Item::ScheduledEvent, 1);
            once.times(times)
        };
        let nights = |asked: &Asked, times: u128| {
            scheduled(asked, NIGHTS_A_YEAR * times).divided_by(MONTHS_A_YEAR)
        };
        vec![
            part("the web ACL", fixed(Item::WebAclMonth, 1)),
            part("its rules", fixed(Item::WafRuleMonth, templates.waf_rules)),
            part("alarms", fixed(Item::AlarmMonth, templates.alarm_metrics)),
            part("the dashboard", fixed(Item::DashboardMonth, 1)),
            part("the key", fixed(Item::KmsKeyMonth, it.key_versions)),
            part(
                "the table's requests of the key",
                fixed(
                    Item::KmsRequest,
                    it.table_key_requests_an_hour * FUNCTIONS_OF_EACH_MINUTE * HOURS_A_MONTH,
                ),
            ),
            part("our own metrics", fixed(Item::MetricMonth, it.idle_metrics)),
            part("sweeps", scheduled(&asked.idle_sweep, MINUTES_A_MONTH)),
            part(
                "looks at what there is to tell",
                scheduled(&asked.idle_telling, MINUTES_A_MONTH),
            ),
            part(
                "nights",
                nights(&asked.empty_night, 1)
                    .plus(&nights(&asked.idle_night_minute, templates.night_minutes)),
            ),
        ]
    }

    /// What is added to that where people come, whatever their number.
    #[must_use]
    pub fn month_in_use(&self) -> Usage {
        let (it, templates) = (&self.assumptions.stack, &self.templates);
        let metrics = |number, hours| {
            let all = Usage::default().and(Item::MetricMonth, number);
            all.percent(hours)
        };
        let public = it.metrics_in_use + templates.rest_methods * it.metrics_of_a_rest_method;
        let office = templates.http_routes * it.metrics_of_an_http_route;
        metrics(public, it.public_hours_percent).plus(&metrics(office, it.office_hours_percent))
    }

    /// A flood of tokens that are not ours: without a throttle, under ours from many
    /// addresses, and from one.
    #[must_use]
    pub fn flood(&self) -> Vec<Part> {
        let (flood, bytes) = (&self.assumptions.flood, &self.assumptions.bytes);
        let seconds = flood.hours * 3600;
        let through = flood.requests_a_second.min(self.templates.public_rate);
        let answered = self.usage(&self.recorded.bad_token, 0);
        let refused = |log: u128| {
            Usage::default()
                .and(Item::WafRequest, 1)
                .and_parts(Item::TrafficOutGb, bytes.refused_answer)
                .plus(&self.logged(log))
        };
        let by_the_throttle = refused(bytes.access_log);
        vec![
            part(
                "nothing refuses anything",
                answered.times(flood.requests_a_second * seconds),
            ),
            part(
                "many addresses: the throttle refuses",
                answered
                    .times(through * seconds)
                    .plus(&by_the_throttle.times((flood.requests_a_second - through) * seconds)),
            ),
            part(
                "few addresses: the web ACL refuses",
                refused(bytes.access_log + bytes.waf_log).times(flood.requests_a_second * seconds),
            ),
        ]
    }

    /// A checkout that nobody finishes.
    fn abandoned(&self, cold_percent: u128) -> Usage {
        let press = self.usage(&self.recorded.press_pay, cold_percent);
        press.plus(&self.usage(&self.recorded.abandoned, 0))
    }

    /// What stays in the table, for a year.
    fn kept(&self, place: &Place) -> Usage {
        let (stored, it) = (&self.recorded.stored, &self.assumptions.year);
        let size = |items: u64, bytes: u64| {
            u128::from(bytes) + u128::from(items) * self.assumptions.bytes.item_overhead
        };
        let ticket = size(stored.ticket_items, stored.ticket_bytes);
        let payment = size(stored.payment_items, stored.payment_bytes);
        let bytes = place.tickets * (ticket + payment * it.paid_percent / 100) * it.kept_years;
        Usage::default()
            .and_parts(Item::TableGbMonth, bytes)
            .and_parts(Item::RecoveryGbMonth, bytes)
            .and_parts(Item::BackupGbMonth, bytes * self.assumptions.backups_kept)
            .times(MONTHS_A_YEAR)
    }

    /// What is billed for this, where so many invocations meet a new process.
    fn usage(&self, asked: &Asked, cold_percent: u128) -> Usage {
        let bytes = &self.assumptions.bytes;
        let invocations = u128::from(asked.invocations);
        let warm = self
            .calls(asked)
            .and(Item::LambdaRequest, invocations)
            .plus(&self.gb_seconds(asked, self.cpu_us(asked)))
            .plus(&self.logged(invocations * bytes.platform_lines_of_a_request))
            .plus(&self.at_the_door(asked).times(invocations));
        warm.plus(&self.starts(asked).percent(cold_percent))
    }

    /// What the door bills for a request.
    fn at_the_door(&self, asked: &Asked) -> Usage {
        let bytes = &self.assumptions.bytes;
        let head = || {
            self.logged(bytes.access_log)
                .and_parts(Item::TrafficOutGb, bytes.answer_head)
        };
        match asked.door {
            Door::Public => head().and(Item::RestRequest, 1).and(Item::WafRequest, 1),
            Door::Office => head().and(Item::HttpRequest, 1),
            Door::Inside => Usage::default(),
        }
    }

    /// What new processes add, where each invocation meets one.
    fn starts(&self, asked: &Asked) -> Usage {
        let none = Asked::default();
        let start = self.recorded.starts.get(&asked.by).unwrap_or(&none);
        let init_ms = self.durations.init_ms.get(&asked.by).copied();
        let secrets = self.templates.secrets.get(&asked.by).copied();
        let once = self
            .calls(start)
            .plus(&self.gb_seconds(start, init_ms.unwrap_or_default() * 1000))
            .and(Item::KmsRequest, secrets.unwrap_or_default() + TABLE_KEY);
        once.times(asked.invocations.into())
    }

    /// What others bill for its calls and lines.
    fn calls(&self, asked: &Asked) -> Usage {
        let out = u128::from(asked.answer_bytes + asked.sent_bytes);
        self.logged(asked.log_bytes.into())
            .and_parts(
                Item::ReadUnit,
                u128::from(asked.read_half_units) * (OF_A_UNIT / 2),
            )
            .and(Item::WriteUnit, asked.write_units.into())
            .and_parts(Item::TrafficOutGb, out)
    }

    /// What it takes of a core that is shared by memory.
    fn cpu_us(&self, asked: &Asked) -> u64 {
        let (it, memory_mb) = (&self.durations, self.templates.memory_mb);
        let each = it.request_cpu_us.get(&asked.by).copied();
        asked.invocations * each.unwrap_or_default() * it.whole_cpu_mb / memory_mb
    }

    /// For how long it is billed; each call waits for the one before it.
    pub(crate) fn billed_ms(&self, asked: &Asked) -> u128 {
        self.ms(asked, self.cpu_us(asked))
    }

    fn ms(&self, asked: &Asked, cpu_us: u64) -> u128 {
        let it = &self.durations;
        let waits_ms = asked.table.values().sum::<u64>() * it.table_call_ms
            + asked.paypal * it.paypal_call_ms
            + asked.messages * it.message_ms;
        // Each invocation's last millisecond is billed whole.
        u128::from(waits_ms + cpu_us / 1000 + asked.invocations)
    }

    /// Memory and time.
    fn gb_seconds(&self, asked: &Asked, cpu_us: u64) -> Usage {
        let parts =
            self.ms(asked, cpu_us) * u128::from(self.templates.memory_mb) * OF_A_UNIT / 1024 / 1000;
        Usage::default().and_parts(Item::LambdaGbSecond, parts)
    }

    /// A log is written once and kept, compressed, for a month.
    fn logged(&self, bytes: u128) -> Usage {
        let kept = bytes * self.assumptions.log_kept_percent / 100;
        Usage::default()
            .and_parts(Item::LogGb, bytes)
            .and_parts(Item::LogGbMonth, kept)
    }
}
