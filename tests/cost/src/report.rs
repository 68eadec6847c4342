//! The tables.

use std::fmt::Write;

use crate::asked::Asked;
use crate::inputs::Inputs;
use crate::model::{Part, all};
use crate::prices::{NoPrice, Seen, Service, Usage};
use crate::usd::{Usd, grouped};

impl Inputs {
    /// What a thousand payments cost.
    ///
    /// # Errors
    /// When the list has no price for something.
    pub fn usd_per_1000_payments(&self) -> Result<Usd, NoPrice> {
        self.usd(&all(&self.thousand_payments()))
    }

    /// All of it, as Markdown.
    ///
    /// # Errors
    /// When the list has no price for something.
    pub fn report(&self) -> Result<String, NoPrice> {
        let parts = [
            self.head()?,
            self.payments_table()?,
            self.years_table()?,
            self.idle_table()?,
            self.flood_table()?,
            self.asked_table(),
            self.prices_table(),
            self.assumptions_list(),
        ];
        Ok(parts.join("\n"))
    }

    fn usd(&self, usage: &Usage) -> Result<Usd, NoPrice> {
        Ok(self.prices.bill(usage)?.total())
    }

    fn head(&self) -> Result<String, NoPrice> {
        let target = &self.assumptions.target;
        let bill = self.prices.bill(&all(&self.thousand_payments()))?;
        let costs = bill.total();
        let verdict = if costs <= target.usd_per_1000_payments {
            "It is met."
        } else if costs <= target.fails_above {
            "It is missed, by less than would be a failure."
        } else {
            "**It is missed, and by more than was to be a failure.**"
        };
        Ok(format!(
            "# What it costs\n\n\
             `cargo run -p cost` prints this: list prices of AWS in {region}, in US dollars without \
             tax and free tier, put together on {read_on}. What is asked for was recorded from the \
             handlers by a test; durations and numbers of people are assumed.\n\n\
             **1,000 payments cost {costs} USD.** The target is {wanted}, and above {fails} it was \
             to be a failure. {verdict} API Gateway and the web ACL alone take {doors}.\n",
            region = self.prices.region,
            read_on = self.prices.read_on,
            costs = costs.rounded(3),
            wanted = target.usd_per_1000_payments.rounded(2),
            fails = target.fails_above.rounded(2),
            doors = (bill.of(Service::ApiGateway) + bill.of(Service::Waf)).rounded(3),
        ))
    }

    fn payments_table(&self) -> Result<String, NoPrice> {
        let parts = self.thousand_payments();
        Ok(format!(
            "## 1,000 payments\n\n{}",
            self.by_service(&parts, 4)?
        ))
    }

    fn years_table(&self) -> Result<String, NoPrice> {
        let mut text = "## A year\n\n\
             | USD | tickets | paid by PayPal | for tickets | for payments | for checkouts that are \
             left | for what is kept | stacks | for stacks | a year | for a ticket | a year with one \
             stack |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        let month = all(&self.idle_month()).plus(&self.month_in_use());
        for place in &self.assumptions.places {
            let parts = self.year(place);
            let each: Result<Vec<Usd>, NoPrice> =
                parts.iter().map(|part| self.usd(&part.usage)).collect();
            let each = each?;
            let traffic: Usd = each.iter().copied().sum();
            let stack = self.usd(&month)? * 12;
            let stacks = stack * place.stacks;
            let total = traffic + stacks;
            let paid = place.tickets * self.assumptions.year.paid_percent / 100;
            row(
                &mut text,
                [place.name.clone(), grouped(place.tickets), grouped(paid)]
                    .into_iter()
                    .chain(each.iter().map(|it| it.rounded(0)))
                    .chain([
                        grouped(place.stacks),
                        stacks.rounded(0),
                        format!("**{}**", total.rounded(0)),
                        total.share(1, place.tickets).rounded(4),
                        (traffic + stack).rounded(0),
                    ]),
            );
        }
        Ok(text)
    }

    fn idle_table(&self) -> Result<String, NoPrice> {
        let mut text =
            "## A stack\n\n| a month in which nobody comes | USD |\n|---|--:|\n".to_owned();
        let parts = self.idle_month();
        for part in &parts {
            let usd = self.usd(&part.usage)?.rounded(2);
            row(&mut text, [part.name.to_owned(), usd]);
        }
        let idle = self.usd(&all(&parts))?;
        let in_use = self.usd(&self.month_in_use())?;
        row(
            &mut text,
            [
                "**together**".to_owned(),
                format!("**{}**", idle.rounded(2)),
            ],
        );
        row(
            &mut text,
            [
                "where people come in addition: more metrics, and API Gateway's detailed ones"
                    .to_owned(),
                in_use.rounded(2),
            ],
        );
        Ok(text)
    }

    fn flood_table(&self) -> Result<String, NoPrice> {
        let flood = &self.assumptions.flood;
        Ok(format!(
            "## A flood\n\n{} requests a second with a token that is not ours, for {} hours:\n\n{}",
            grouped(flood.requests_a_second),
            flood.hours,
            self.by_service_each(&self.flood(), 2)?
        ))
    }

    /// A line for each part, and one for all of them.
    fn by_service(&self, parts: &[Part], decimals: u32) -> Result<String, NoPrice> {
        let mut text = self.by_service_each(parts, decimals)?;
        let bill = self.prices.bill(&all(parts))?;
        let each = Service::ALL.map(|service| bill.of(service).rounded(decimals));
        let total = format!("**{}**", bill.total().rounded(decimals));
        let cells = ["**together**".to_owned()].into_iter().chain(each);
        row(&mut text, cells.chain([total]));
        Ok(text)
    }

    fn by_service_each(&self, parts: &[Part], decimals: u32) -> Result<String, NoPrice> {
        let names = Service::ALL.map(Service::name);
        let mut text = format!(
            "| USD | {} | together |\n|---|{}\n",
            names.join(" | "),
            "--:|".repeat(names.len() + 1)
        );
        for part in parts {
            let bill = self.prices.bill(&part.usage)?;
            let each = Service::ALL.map(|service| bill.of(service).rounded(decimals));
            let cells = [part.name.to_owned()].into_iter().chain(each);
            row(&mut text, cells.chain([bill.total().rounded(decimals)]));
        }
        Ok(text)
    }

    fn asked_table(&self) -> String {
        let asked = &self.recorded;
        let mut text = "## What was recorded\n\n\
             | step | function | invocations | calls of the table | read units | write units | calls \
             of PayPal | bytes answered | lines | bytes of them | ms billed |\n\
             |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        let steps: [(&str, &Asked); 14] = [
            ("the ticket is issued", &asked.issue),
            ("the page is opened", &asked.scan),
            ("*Pay* is pressed", &asked.press_pay),
            ("back from PayPal", &asked.come_back),
            ("webhooks", &asked.webhooks),
            ("the page is opened again", &asked.look_again),
            ("the city is told, once", &asked.tell_city),
            ("a payment, in all nights that compare it", &asked.nights),
            ("a checkout that is left, in all sweeps", &asked.abandoned),
            ("a sweep with nothing due", &asked.idle_sweep),
            ("a minute with nothing to tell", &asked.idle_telling),
            ("a night with nothing to compare", &asked.empty_night),
            (
                "a minute of the night, afterwards",
                &asked.idle_night_minute,
            ),
            ("a token that is not ours", &asked.bad_token),
        ];
        for (name, step) in steps {
            let halves = step.read_half_units;
            let half = if halves % 2 == 1 { ".5" } else { "" };
            row(
                &mut text,
                [
                    name.to_owned(),
                    step.by.clone(),
                    step.invocations.to_string(),
                    step.table.values().sum::<u64>().to_string(),
                    format!("{}{half}", halves / 2),
                    step.write_units.to_string(),
                    step.paypal.to_string(),
                    grouped(step.answer_bytes.into()),
                    step.log_lines.to_string(),
                    grouped(step.log_bytes.into()),
                    grouped(self.billed_ms(step)),
                ],
            );
        }
        text
    }

    fn prices_table(&self) -> String {
        let mut text = format!(
            "## Prices\n\n{}\n\n| USD | per | seen for | source |\n|--:|---|---|---|\n",
            self.prices.about
        );
        for price in self.prices.prices.values() {
            let seen = match price.seen {
                Seen::Frankfurt => "Frankfurt",
                Seen::EveryRegion => "all regions",
                Seen::NorthernVirginia => "**us-east-1 only**",
                Seen::Memory => "**nowhere**",
            };
            let per = match price.per {
                1 => price.unit.clone(),
                per => format!("{} × {}", grouped(per), price.unit),
            };
            // The list's own digits.
            let usd = price.usd.rounded(12);
            let usd = usd.trim_end_matches('0').trim_end_matches('.').to_owned();
            row(&mut text, [usd, per, seen.to_owned(), price.source.clone()]);
        }
        text.push_str("\nNot billed:\n\n");
        for what in &self.prices.not_billed {
            let _ = writeln!(text, "- {what}");
        }
        text
    }

    fn assumptions_list(&self) -> String {
        let it = &self.assumptions;
        let mut text = format!("## Assumptions\n\n- {}\n", self.durations.origin);
        for why in [&it.payment.why, &it.year.why, &it.bytes.why, &it.stack.why] {
            let _ = writeln!(text, "- {why}");
        }
        for place in &it.places {
            let _ = writeln!(text, "- {}: {}", place.name, place.why);
        }
        text
    }
}

fn row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    for cell in cells {
        let _ = write!(text, "| {cell} ");
    }
    text.push_str("|\n");
}
