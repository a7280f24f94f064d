//! One answer in words, for a person at a terminal or as JSON. Owns the layout; must show masked
//! values only.

use std::io::{self, Write};
use std::time::Duration;

use codec::{AdditionalAmount, Dialect, Element, Message, Mti, MtiClass};
use serde_json::{Value, json};

use crate::mask;
use crate::report::{MaskedMessage, ms};
use crate::single;
use crate::transcript::{Fields, Sent};
use crate::words;

/// An answer to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The dialect spoken: it names the elements.
    pub dialect: &'a Dialect,
    /// Message type of the request.
    pub mti: Mti,
    /// The request.
    pub sent: &'a Sent,
    /// The answer.
    pub answer: &'a Message,
    /// From sending to the answer.
    pub elapsed: Duration,
    /// Host and port of the switch.
    pub target: &'a str,
}

impl Shown<'_> {
    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    fn approved(&self) -> bool {
        self.answer
            .text(Element::RESPONSE_CODE)
            .is_some_and(words::approves)
    }

    /// The whole exchange as one JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        let code = self.answer.text(Element::RESPONSE_CODE);
        json!({
            "target": self.target,
            "sent": MaskedMessage::new(self.dialect, Some(self.mti), &self.sent.fields),
            "answer": MaskedMessage::new(self.dialect, Some(self.answer.mti()), &Fields::of(self.answer)),
            "approved": self.approved(),
            "response_code": code,
            "meaning": code.and_then(words::response_code),
            "balances": self.blocks().iter().map(block_json).collect::<Vec<Value>>(),
            "elapsed_us": self.elapsed_us(),
        })
    }

    /// Prints the exchange for people.
    ///
    /// # Errors
    /// What writing to `out` gives.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "Sent to {}", self.target)?;
        writeln!(out, "  {}  {}", self.mti, words::mti(self.mti))?;
        for element in [
            Element::PAN,
            Element::PROCESSING_CODE,
            Element::AMOUNT_TRANSACTION,
            Element::STAN,
            Element::NETWORK_MANAGEMENT_CODE,
        ] {
            if let Some(value) = self.sent.fields.get(element) {
                self.row(out, element, value)?;
            }
        }
        writeln!(out, "\nAnswer after {}", ms(self.elapsed_us()))?;
        writeln!(
            out,
            "  {}  {}",
            self.answer.mti(),
            words::mti(self.answer.mti())
        )?;
        for element in self.answer.elements() {
            if let Some(value) = self.answer.text(element) {
                self.row(out, element, value)?;
            }
        }
        writeln!(out, "\n{}", self.verdict())
    }

    fn verdict(&self) -> String {
        let Some(code) = self.answer.text(Element::RESPONSE_CODE) else {
            return "NO RESPONSE CODE in the answer".to_owned();
        };
        let meaning = words::response_code_in_words(code);
        if !self.approved() {
            return format!("DECLINED  {meaning}");
        }
        let word = match self.mti.class() {
            MtiClass::NetworkManagement | MtiClass::Reversal => "ACCEPTED",
            _ => "APPROVED",
        };
        let id = self.answer.text(Element::AUTHORIZATION_ID_RESPONSE);
        let id = id.map_or_else(String::new, |id| {
            format!(", authorization id {}", mask::text(id))
        });
        format!("{word}  {meaning}{id}")
    }

    fn row(&self, out: &mut impl Write, element: Element, value: &str) -> io::Result<()> {
        let label = element.to_string();
        let name = self.dialect.element_name(element).unwrap_or("data element");
        let shown = mask::value(self.dialect, element, value);
        let meaning = self.meaning(element, value).unwrap_or_default();
        let line = format!("    {label:<5} {name:<44} {shown:<20} {meaning}");
        writeln!(out, "{}", line.trim_end())?;
        if element == Element::ADDITIONAL_AMOUNTS {
            for block in blocks(value) {
                let what = format!("{}, {}", block.account, block.kind);
                writeln!(
                    out,
                    "            {what:<42} {:>15} {}",
                    block.amount, block.currency
                )?;
            }
        }
        Ok(())
    }

    /// What a value says, where the code lists or the currency tell.
    fn meaning(&self, element: Element, value: &str) -> Option<String> {
        match element {
            Element::PROCESSING_CODE => words::processing_code(value),
            Element::AMOUNT_TRANSACTION => {
                let code = self.sent.fields.get(Element::CURRENCY_TRANSACTION)?;
                let (amount, letters) = money(value.parse().ok()?, code);
                Some(format!("{amount} {letters}"))
            }
            Element::RESPONSE_CODE => words::response_code(value).map(str::to_owned),
            Element::CURRENCY_TRANSACTION => {
                single::currency(value).map(|currency| currency.name().to_owned())
            }
            Element::NETWORK_MANAGEMENT_CODE => words::management_code(value).map(str::to_owned),
            _ => None,
        }
    }

    fn blocks(&self) -> Vec<Block> {
        self.answer
            .text(Element::ADDITIONAL_AMOUNTS)
            .map(blocks)
            .unwrap_or_default()
    }
}

/// One block of DE54 spelled out.
struct Block {
    account: String,
    kind: String,
    currency: String,
    amount: String,
    amount_minor: i128,
}

fn blocks(text: &str) -> Vec<Block> {
    let parsed = AdditionalAmount::parse_all(text);
    parsed
        .map(|blocks| blocks.iter().map(block).collect())
        .unwrap_or_default()
}

fn block(amount: &AdditionalAmount) -> Block {
    let code = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
    let account = code(&amount.account_type);
    let kind = code(&amount.amount_type);
    let minor = i128::from(amount.amount_minor);
    let minor = if amount.credit { minor } else { -minor };
    let (text, currency) = money(minor, &code(&amount.currency));
    Block {
        account: words::account_type(&account)
            .map_or_else(|| format!("account type {account}"), str::to_owned),
        kind: words::amount_type(&kind)
            .map_or_else(|| format!("amount type {kind}"), str::to_owned),
        currency,
        amount: text,
        amount_minor: minor,
    }
}

fn block_json(block: &Block) -> Value {
    json!({
        "account": block.account,
        "kind": block.kind,
        "currency": block.currency,
        "amount": block.amount,
        "amount_minor": i64::try_from(block.amount_minor).ok(),
    })
}

/// Minor units with the currency's decimals and its letters: ("4,987.50", "USD").
fn money(minor: i128, currency_code: &str) -> (String, String) {
    let currency = single::currency(currency_code);
    let decimals = currency.map_or(0, single::exponent);
    let letters =
        currency.map_or_else(|| currency_code.to_owned(), |known| known.code().to_owned());
    let digits = format!(
        "{:0>width$}",
        minor.unsigned_abs(),
        width = decimals.saturating_add(1)
    );
    let whole = digits.len().saturating_sub(decimals);
    let mut text = String::from(if minor < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at == whole {
            text.push('.');
        } else if at > 0 && at < whole && whole.saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    (text, letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_decimals_of_its_currency() {
        let usd = |minor| money(minor, "840");
        assert_eq!(usd(498_750), ("4,987.50".to_owned(), "USD".to_owned()));
        assert_eq!(usd(5), ("0.05".to_owned(), "USD".to_owned()));
        assert_eq!(
            usd(-123_456_789),
            ("-1,234,567.89".to_owned(), "USD".to_owned())
        );
        assert_eq!(money(1000, "392"), ("1,000".to_owned(), "JPY".to_owned()));
    }

    #[test]
    fn blocks_are_spelled_out() {
        let spelled = blocks("2002840C0000000250002001840D000000020000");
        let lines: Vec<String> = spelled
            .iter()
            .map(|b| format!("{} {} {}", b.account, b.kind, b.amount))
            .collect();
        assert_eq!(
            lines,
            [
                "checking account available balance 250.00",
                "checking account ledger balance -200.00",
            ]
        );
    }
}
