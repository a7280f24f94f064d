//! What the naive ledger counts for flex controls: a count is never kept, it is added up anew from what is in
//! force of what was reserved. It shares with the ledger only the rules that evaluate controls.

use ledger::authorization::RequestFacts;
use rules::{
    Accumulator, AccumulatorKey, Accumulators, ControlCardMode, ControlFacts, ControlOutcome,
    OwnControls, Period, Reason, Reservation,
};

use crate::books::{Naive, rounded};
use crate::plans::Sums;

/// Something that was counted: for a part of a hold as much as is in force of it, else once and for all.
pub(crate) struct Reserved {
    pub(crate) reservation: Reservation,
    /// The hold, and the part of it.
    pub(crate) of: Option<(usize, usize)>,
}

/// Why a control denies.
pub(crate) struct Denial {
    /// DE39, where the control has one of its own.
    pub(crate) code: Option<String>,
}

impl Accumulators for Naive {
    fn accumulator(&self, key: &AccumulatorKey) -> Option<Accumulator> {
        let reserved = || {
            let all = self.reserved.iter();
            all.filter(|reserved| reserved.reservation.key == *key)
        };
        // The period that was begun last is the one that counts.
        let period: Period = reserved().next_back()?.reservation.period;
        let mut sum = Accumulator {
            period,
            amount_minor: 0,
            count: 0,
        };
        for reserved in reserved().filter(|reserved| reserved.reservation.period == period) {
            let (amount_minor, count) = self.in_force_of(reserved);
            sum.amount_minor += amount_minor;
            sum.count += count;
        }
        Some(sum)
    }
}

impl Naive {
    /// What of something that was counted is in force.
    fn in_force_of(&self, reserved: &Reserved) -> (i64, i64) {
        let reservation = &reserved.reservation;
        let Some((hold, part)) = reserved.of else {
            return (reservation.amount_minor, reservation.count);
        };
        let part = &self.holds[hold].parts[part];
        let amount = rounded(reservation.amount_minor, part.left, part.approved);
        (amount, if part.left > 0 { reservation.count } else { 0 })
    }

    /// What the controls say to a request: what is counted, or that it is denied. One that is forced is
    /// counted whatever they say.
    pub(crate) fn controlled(
        &self,
        facts: &RequestFacts,
        sums: Option<Sums>,
        forced: bool,
    ) -> Result<Vec<Reservation>, (Reason, Denial)> {
        let about = self.about(facts);
        let (card, account) = (about.card.unwrap(), about.account.unwrap());
        let (entry, circumstances) = (about.entry.unwrap(), &facts.circumstances);
        let program = self.rules.program(account.program).unwrap();
        let credit = match card.debit {
            Some(_) => account.id == card.credit,
            None => program.kind == rules::ProgramKind::Credit,
        };
        let held = self.pending(account.id);
        let held = held.get(rules::LimitName::AvailableCreditLimit);
        let dollars = crate::support::made::dollar();
        let control_facts = ControlFacts {
            at_us: self.now,
            account: crate::books::id(account.id),
            program: account.program,
            customer: Some(rules::CustomerId(1)),
            card: Some(rules::CardHash(facts.key.card.0)),
            card_mode: Some(if credit {
                ControlCardMode::Credit
            } else {
                ControlCardMode::Debit
            }),
            processing_code: entry.code,
            direction: entry.balance_impact,
            amount_minor: sums.map_or(0, |sums| sums.contract),
            currency: dollars,
            operation_amount_minor: sums.map_or(0, |sums| sums.transaction),
            operation_currency: facts.fingerprint.currency.unwrap_or(dollars),
            balance_minor: Some(self.limits(account.id).unwrap().available_credit_limit - held),
            merchant_category_code: facts.mcc,
            merchant_id: None,
            entry_mode: facts.entry_mode.as_deref(),
            country: circumstances.country,
            acquirer_country: None,
            installments: facts.installments.max(1),
            is_physical_card_present: None,
            is_device_registered: None,
            is_tra_exemption_requested: None,
            is_pin_validated_offline: None,
            is_token_present: None,
            is_cavv_present: None,
            is_password_present: circumstances.is_password_present,
            authentication_method: None,
            initiation_mode: None,
            account_verification: None,
            beneficiary: None,
        };
        let (own, mut reservations) = (OwnControls::NONE, Vec::new());
        if forced {
            self.rules
                .count_controls(&control_facts, &own, self, &mut reservations);
            return Ok(reservations);
        }
        let outcome = self
            .rules
            .evaluate_controls(&control_facts, &own, self, &mut reservations);
        match outcome {
            ControlOutcome::Denied { control, .. } => {
                let code = control.response_code().map(|code| code.to_string());
                Err((Reason::ControlDenied, Denial { code }))
            }
            ControlOutcome::Passed => Ok(reservations),
        }
    }
}
