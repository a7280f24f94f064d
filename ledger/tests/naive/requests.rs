//! How the naive ledger decides requests, and books what they and advices come to.

use ledger::authorization::{AuthorizationStatus, Clearing, Divergence, MessageKey, RequestFacts};
use ledger::entities::AccountStatus;
use rules::{BalanceImpact, OperationKind, ProcessingCodeEntry, ProgramKind, Reason, Reservation};

use crate::books::{Account, Became, Card, Hold, Kind, Naive, Part, Presented, Seen, id, rounded};
use crate::controls::Reserved;
use crate::plans::{Asked, Planned, Sums};
use crate::refunds::Refunds;
use crate::said::{Answer, Said};

/// What is approved.
pub(crate) struct Approved {
    pub(crate) planned: Planned,
    pub(crate) sums: Sums,
    /// What was asked, where only a part is approved.
    pub(crate) asked: Option<i64>,
}

impl Approved {
    /// The part of a hold that it makes; cleared at once, what it moves at its clearing is part of it.
    pub(crate) fn into_part(self, message: usize, single: bool) -> Part {
        let Self { planned, sums, .. } = self;
        let mut part = Part {
            message,
            moves: planned.moves,
            at_clearing: planned.at_clearing,
            billed: sums.contract,
            approved: sums.transaction,
            left: sums.transaction,
            posts: planned.posts,
        };
        if single {
            for (place, moved) in std::mem::take(&mut part.at_clearing) {
                *part.moves.entry(place).or_default() += moved;
            }
        }
        part
    }
}

/// What is approved, where money moves, and what is counted of it.
pub(crate) type Granted = (Option<Approved>, Vec<Reservation>);

/// Why something is not approved.
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    /// DE39, where it is not that of the network's table.
    pub(crate) code: Option<String>,
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self { reason, code: None }
    }
}

/// What a message is about.
pub(crate) struct About<'a> {
    pub(crate) card: Option<&'a Card>,
    pub(crate) account: Option<&'a Account>,
    pub(crate) entry: Option<&'a ProcessingCodeEntry>,
}

/// How a request ends.
pub(crate) struct Ending {
    pub(crate) result: Result<Granted, Refused>,
    pub(crate) divergences: Vec<Divergence>,
    /// The hold that it becomes a part of.
    pub(crate) raises: Option<usize>,
    /// What it gives back of another hold.
    pub(crate) refunds: Option<Refunds>,
}

impl Naive {
    pub(crate) fn about(&self, facts: &RequestFacts) -> About<'_> {
        let entry = self.rules.processing_code(facts.processing_code);
        let card = self.cards.get(&facts.key.card);
        let incoming = entry.is_some_and(|entry| entry.balance_impact == BalanceImpact::Credit);
        let account_type = if incoming {
            facts.to_account
        } else {
            facts.from_account
        };
        let debit = matches!(account_type.code(), "10" | "20");
        let account = card.and_then(|card| match card.debit.filter(|_| debit) {
            Some(account) => (!card.suspended.debit).then_some(account),
            None => (!card.suspended.credit).then_some(card.credit),
        });
        About {
            card,
            account: account.and_then(|account| self.accounts.get(&account)),
            entry,
        }
    }

    /// A request or an advice. `part` is what the other ledger approved of it, to be checked.
    pub(crate) fn authorize(&mut self, facts: &RequestFacts, part: Option<i64>) -> Said {
        let content = format!("{:?}", facts.fingerprint);
        let key = MessageKey::Network(facts.key);
        if let Some(message) = self.keys.get(&key) {
            let seen = &self.messages[*message];
            if seen.content == content {
                return seen.said.again();
            }
            let conflict = Err(Refused::from(Reason::MatchConflict));
            let said = self.answer(facts, &conflict, Vec::new());
            self.take(None, self.seen(content, facts, &said, Became::Nothing));
            return said;
        }
        let advice = facts.advice.map(|advice| advice.approved);
        let ending = if self.overtaken.contains_key(&facts.key) {
            refused(Reason::ReversedBeforeArrival)
        } else {
            match advice {
                None => self.request(facts, part),
                Some(false) => {
                    let own = self.approve(facts, None).is_ok();
                    Ending {
                        divergences: own
                            .then_some(Divergence::NetworkDeclined)
                            .into_iter()
                            .collect(),
                        ..refused(Reason::DeclinedByNetwork)
                    }
                }
                Some(true) => match self.complete(facts) {
                    Ok((said, hold)) => {
                        let seen = self.seen(content, facts, &said, Became::Completion(hold));
                        self.take(Some(key), seen);
                        return said;
                    }
                    Err((divergences, refunds)) => Ending {
                        refunds,
                        ..self.force(facts, divergences)
                    },
                },
            }
        };
        let said = self.answer(facts, &ending.result, ending.divergences);
        let became = self.book(facts, ending.result, (ending.raises, ending.refunds));
        let seen = self.seen(content, facts, &said, became);
        self.take(Some(key), seen);
        said
    }

    fn seen(&self, content: String, facts: &RequestFacts, said: &Said, became: Became) -> Seen {
        Seen {
            content,
            fingerprint: Some(facts.fingerprint),
            said: said.clone(),
            became,
        }
    }

    /// The checks, in order.
    pub(crate) fn approve(
        &self,
        facts: &RequestFacts,
        part: Option<i64>,
    ) -> Result<Granted, Refused> {
        let about = self.about(facts);
        let card = about.card.ok_or(Reason::UnknownCard)?;
        self.check_card(facts, card)?;
        let account = about.account.ok_or(Reason::CardModeUnavailable)?;
        let impact = about
            .entry
            .map_or(BalanceImpact::Debit, |entry| entry.balance_impact);
        if !self.may(account, impact) {
            return Err(Reason::AccountStatus.into());
        }
        let options = self
            .rules
            .authorization_options(id(account.id), account.program, None);
        if options.deny_all_authorizations {
            return Err(Reason::AuthorizationsDenied.into());
        }
        let entry = about.entry.ok_or(Reason::UnknownProcessingCode)?;
        match entry.kind {
            OperationKind::BalanceInquiry => {
                return Ok((None, self.counted(facts, None)?));
            }
            OperationKind::AccountVerification if facts.fingerprint.amount_minor == 0 => {
                return Ok((None, self.counted(facts, None)?));
            }
            OperationKind::AccountVerification => return Err(Reason::InvalidAmount.into()),
            _ => {}
        }
        let sums = Sums::of(facts, entry)?;
        let mut counted = self.counted(facts, Some(sums))?;
        let asked = Asked::by_network(self, facts, account, entry, false);
        let short = match asked.plan(sums) {
            Ok(planned) => {
                let approved = Approved {
                    planned,
                    sums,
                    asked: None,
                };
                return Ok((Some(approved), counted));
            }
            Err(reason) => reason,
        };
        let splits = options.enabled_partial_authorization
            && matches!(short, Reason::InsufficientFunds | Reason::CashLimitExceeded)
            && matches!(facts.processing_code.as_str(), "00" | "09")
            && facts.partial_capable
            && facts.installments < 2
            && !facts.incremental
            && facts.advice.is_none()
            && facts.cashback_minor.unwrap_or(0) == 0;
        let covered = |minor: i64| {
            let sums = sums.part(minor)?;
            Some((asked.plan(sums).ok()?, sums))
        };
        // What the other ledger approved must be covered, and one cent more must not be.
        let most = match part {
            _ if !splits => return Err(short.into()),
            Some(part) if covered(part + 1).is_some() => return Err(short.into()),
            Some(part) => part,
            None => 1,
        };
        let (planned, part) = covered(most).ok_or(short)?;
        for reservation in &mut counted {
            let whole = reservation.amount_minor;
            reservation.amount_minor = rounded(whole, part.transaction, sums.transaction);
        }
        let approved = Approved {
            planned,
            sums: part,
            asked: Some(sums.transaction),
        };
        Ok((Some(approved), counted))
    }

    /// What the controls count of a request.
    fn counted(
        &self,
        facts: &RequestFacts,
        sums: Option<Sums>,
    ) -> Result<Vec<Reservation>, Refused> {
        let counted = self.controlled(facts, sums, false);
        counted.map_err(|(reason, denial)| Refused {
            reason,
            code: denial.code,
        })
    }

    fn check_card(&self, facts: &RequestFacts, card: &Card) -> Result<(), Reason> {
        use ledger::entities::CardStatus as Status;
        match card.status {
            Status::Normal | Status::Reissued => {}
            Status::Lost => return Err(Reason::CardLost),
            Status::Theft => return Err(Reason::CardStolen),
            Status::Canceled => return Err(Reason::CardCanceled),
            _ => return Err(Reason::CardBlocked),
        }
        let now = jiff::Timestamp::from_microsecond(self.now).unwrap();
        let today = now.to_zoned(jiff::tz::TimeZone::UTC);
        let month = i32::from(today.year()) * 100 + i32::from(today.month());
        let expiry = u16::from(card.expiry);
        if month > 200_000 + i32::from(expiry) {
            return Err(Reason::CardExpired);
        }
        match facts.expiry_yymm {
            Some(said) if said != expiry => Err(Reason::ExpiryMismatch),
            _ => Ok(()),
        }
    }

    /// Whether the status of an account and the reason for it let money move that way.
    pub(crate) fn may(&self, account: &Account, impact: BalanceImpact) -> bool {
        let debit = impact == BalanceImpact::Debit;
        let by_status = match &account.status {
            AccountStatus::Normal => true,
            AccountStatus::Blocked => !debit,
            AccountStatus::DebitOnly => debit,
            _ => false,
        };
        // Reason 2 of the shipped organization stops everything, 3 everything but credits.
        let by_reason = match account.reason {
            Some(2) => false,
            Some(3) => !debit,
            _ => true,
        };
        by_status && by_reason
    }

    fn request(&self, facts: &RequestFacts, part: Option<i64>) -> Ending {
        let approved = match self.approve(facts, part) {
            Err(refused) => {
                return Ending {
                    result: Err(refused),
                    divergences: Vec::new(),
                    raises: None,
                    refunds: None,
                };
            }
            Ok(approved) => approved,
        };
        let (raises, refunds, divergence) = self.relate(facts, approved.0.is_some());
        Ending {
            result: Ok(approved),
            divergences: divergence.into_iter().collect(),
            raises,
            refunds,
        }
    }

    /// The hold that a request raises, what it gives back of one, or what is not as it says.
    fn relate(
        &self,
        facts: &RequestFacts,
        moves: bool,
    ) -> (Option<usize>, Option<Refunds>, Option<Divergence>) {
        let names = names(facts);
        let relates = facts.incremental || facts.original.is_some();
        let names_one = facts.original.is_some() || names.iter().any(Option::is_some);
        if !relates || !names_one {
            return (None, None, None);
        }
        let named = self.named(facts.key.card, facts.original, &names).flatten();
        let Some((number, _)) = named.and_then(|message| self.hold_of(message)) else {
            return (None, None, Some(Divergence::UnknownOriginal));
        };
        let hold = &self.holds[number];
        let about = self.about(facts);
        if about
            .entry
            .is_some_and(|entry| entry.balance_impact == BalanceImpact::Credit)
        {
            let (refunds, above) = self.refund(facts, &about, number);
            return (None, refunds.filter(|_| moves), above);
        }
        let same = about
            .account
            .is_some_and(|account| account.id == hold.account)
            && hold.code == facts.processing_code;
        let pending = hold.status == AuthorizationStatus::Pending;
        let dual = facts.clearing == Clearing::Offline;
        if same && pending && dual && facts.incremental {
            return (moves.then_some(number), None, None);
        }
        if hold.status == AuthorizationStatus::Processed {
            return (None, None, Some(Divergence::AlreadyProcessed));
        }
        (None, None, Some(Divergence::UnknownOriginal))
    }

    /// Makes a hold of what was approved, or a part of the one that it raises.
    fn book(
        &mut self,
        facts: &RequestFacts,
        result: Result<Granted, Refused>,
        relates: (Option<usize>, Option<Refunds>),
    ) -> Became {
        let Ok((approved, counted)) = result else {
            return Became::Nothing;
        };
        let became = match approved {
            Some(approved) => self.hold(facts, approved, relates),
            None => Became::Nothing,
        };
        let of = match became {
            Became::Hold(hold) | Became::Part(hold) => {
                Some((hold, self.holds[hold].parts.len() - 1))
            }
            Became::Completion(_) | Became::Reversal(_) | Became::Nothing => None,
        };
        let reserved = |reservation| Reserved { reservation, of };
        self.reserved.extend(counted.into_iter().map(reserved));
        became
    }

    fn hold(
        &mut self,
        facts: &RequestFacts,
        approved: Approved,
        (raises, refunds): (Option<usize>, Option<Refunds>),
    ) -> Became {
        let about = self.about(facts);
        let account = about.account.unwrap();
        let options = self
            .rules
            .authorization_options(id(account.id), account.program, None);
        let days = i64::from(options.expiry_days(facts.mcc, facts.pre_authorization));
        let due = self.now + days * 24 * 3600 * 1_000_000;
        let (account, message) = (account.id, self.messages.len());
        let single = facts.clearing == Clearing::Online;
        let part = approved.into_part(message, single);
        if let Some(number) = raises {
            let hold = &mut self.holds[number];
            hold.parts.push(part);
            hold.due = hold.due.max(Some(due));
            hold.changed_by = message;
            return Became::Part(number);
        }
        self.holds.push(Hold {
            key: facts.key.into(),
            kind: Kind::Authorization,
            account,
            code: facts.processing_code,
            status: if single {
                AuthorizationStatus::Processed
            } else {
                AuthorizationStatus::Pending
            },
            parts: vec![part],
            due: (!single).then_some(due),
            since: self.now,
            currency: facts.fingerprint.currency,
            presented: Presented::default(),
            refunds,
            clears: None,
            refunded: 0,
            changed_by: message,
        });
        if let Some(reference) = facts.network_reference {
            let name = format!("reference {}", reference.as_str());
            self.names.insert((facts.key.card, name), message);
        }
        Became::Hold(self.holds.len() - 1)
    }

    fn answer(
        &self,
        facts: &RequestFacts,
        result: &Result<Granted, Refused>,
        divergences: Vec<Divergence>,
    ) -> Said {
        let about = self.about(facts);
        let network = self.rules.network(facts.key.network).unwrap();
        let refused = result.as_ref().err();
        let reason = refused.map(|refused| refused.reason);
        let accepted = reason.filter(|reason| *reason != Reason::DeclinedByNetwork);
        let kind = about
            .entry
            .filter(|_| result.is_ok())
            .map(|entry| entry.kind);
        let verification = kind == Some(OperationKind::AccountVerification);
        let approved = result.as_ref().ok();
        let approved = approved.and_then(|(approved, _)| approved.as_ref());
        let part = approved.and_then(|approved| {
            let billed = facts.fingerprint.billing_amount_minor.is_some();
            let billed = billed.then_some(approved.sums.contract);
            Some((approved.sums.transaction, approved.asked?, billed))
        });
        let code = match (part, accepted) {
            (Some(_), _) => "10".to_owned(),
            (None, None) if verification => "85".to_owned(),
            (None, None) => "00".to_owned(),
            (None, Some(reason)) => {
                let own = refused.and_then(|refused| refused.code.clone());
                own.unwrap_or_else(|| network.response_code(reason).to_string())
            }
        };
        let network_code = facts.advice.is_some() && facts.approval_code.is_some();
        let inquiry = kind == Some(OperationKind::BalanceInquiry);
        Said::Answer(Answer {
            code,
            reason,
            approved: accepted.is_none() && (network_code || result.is_ok()),
            balances: about
                .account
                .filter(|_| inquiry)
                .map(|account| self.balances(account)),
            part,
            address: facts.address_result.filter(|_| accepted.is_none()),
            divergences,
            ..Answer::default()
        })
    }

    fn balances(&self, account: &Account) -> (rules::AccountType, i64, i64) {
        let limits = self.limits(account.id).unwrap();
        let held = self
            .pending(account.id)
            .get(rules::LimitName::AvailableCreditLimit);
        let program = self.rules.program(account.program).unwrap();
        let account_type = match program.kind {
            ProgramKind::Credit => rules::AccountType::CreditCard,
            _ => rules::AccountType::Checking,
        };
        let spendable = limits.available_credit_limit
            + limits.available_savings_account_limit
            + limits.total_overdraft_limit;
        (
            account_type,
            limits.available_credit_limit - held,
            spendable,
        )
    }
}

fn refused(reason: Reason) -> Ending {
    Ending {
        result: Err(reason.into()),
        divergences: Vec::new(),
        raises: None,
        refunds: None,
    }
}

/// Names of an earlier message beside its key.
pub(crate) fn names(facts: &RequestFacts) -> [Option<String>; 2] {
    let reference = facts.network_reference;
    let code = facts.approval_code;
    [
        reference.map(|reference| format!("reference {}", reference.as_str())),
        code.map(|code| format!("code {}", code.as_str())),
    ]
}
