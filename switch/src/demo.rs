//! Demo data: a world of customers, accounts and cards from files, loaded into an empty store.
//!
//! Owns: what the files of `config/demo/` mean, as commands to the ledger like any other: their format is in
//! `demo/documents`, giving them to the ledger in `demo/load`. The commands can be given again, so a load that was cut
//! off is completed by the next start. Must never: change what exists.

use std::path::{Path, PathBuf};

use codec::Pan;
use ledger::command::Command;
use ledger::entities::{
    Account, AccountStatus, Address, Card, CardFacts, CardKind, CardMode, CardStatus, Customer,
    CustomerKind, Expiry, SuspendedModes,
};
use ledger::identifiers::{CustomerId, GroupId, RecordId};
use rules::{AccountId, Deltas, Limits, ProgramId, Snapshot, minor_units};
use rust_decimal::Decimal;

use crate::card_vault::{CardVault, VaultError};

mod documents;
mod load;

use self::documents::{
    AccountDocument, AddressDocument, CardDocument, CustomerDocument, Document, Generator,
    LimitsDocument,
};
pub use self::load::{LoadTicket, load, wait_until_shown};

/// Why demo data cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system answered.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}:{line}: {reason}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 when the whole file is meant.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// An entry cannot be used.
    #[error("{path}: {entry}: {reason}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry, without card data.
        entry: String,
        /// What is wrong.
        reason: String,
    },
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The ledger refused or ended.
    #[error("demo data: {0}")]
    Ledger(String),
}

impl DemoError {
    /// Whether a file is at fault, and not the switch.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Invalid { .. } | Self::Entry { .. } => true,
            Self::Vault(_) | Self::Ledger(_) => false,
        }
    }
}

/// Reads the files of a demo directory into commands, in the order in which they must be given.
///
/// # Errors
/// [`DemoError`] for the first file or entry that cannot be used.
pub fn read(
    directory: &Path,
    rules: &Snapshot,
    vault: &CardVault,
) -> Result<Vec<Command>, DemoError> {
    let io = |source| DemoError::Io {
        path: directory.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let mut reader = Reader {
        rules,
        vault,
        customers: vec![],
        accounts: vec![],
        cards: vec![],
    };
    for path in paths {
        reader.file(&path)?;
    }
    let Reader {
        mut customers,
        accounts,
        cards,
        ..
    } = reader;
    customers.extend(accounts);
    customers.extend(cards);
    Ok(customers)
}

struct Reader<'a> {
    rules: &'a Snapshot,
    vault: &'a CardVault,
    customers: Vec<Command>,
    accounts: Vec<Command>,
    cards: Vec<Command>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> Result<(), DemoError> {
        let text = std::fs::read_to_string(path).map_err(|source| DemoError::Io {
            path: path.to_owned(),
            source,
        })?;
        let document: Document = toml::from_str(&text).map_err(|error| {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            DemoError::Invalid {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })?;
        let entry = |entry: String| {
            let path = path.to_owned();
            move |reason: String| DemoError::Entry {
                path,
                entry,
                reason,
            }
        };
        for CustomerDocument {
            id,
            kind,
            name,
            document_number,
            address,
        } in document.customer
        {
            let customer = Customer {
                id: CustomerId(id),
                kind,
                name,
                document_number,
                is_active: true,
                address: address
                    .map(|AddressDocument { line, postal_code }| Address { line, postal_code }),
            };
            self.customers.push(Command::CreateCustomer(customer));
        }
        for account in document.account {
            let account = self
                .account(&account, &account.limits)
                .map_err(entry(format!("account {}", account.id)))?;
            self.accounts.push(Command::OpenAccount(Box::new(account)));
        }
        for (position, card) in document.card.iter().enumerate() {
            let card = self
                .card(card)
                .map_err(entry(format!("card {}", position + 1)))?;
            self.cards.push(Command::IssueCard(card));
        }
        for (position, generator) in document.generator.iter().enumerate() {
            let fail = entry(format!("generator {}", position + 1));
            self.generate(generator).map_err(fail)?;
        }
        Ok(())
    }

    fn account(
        &self,
        document: &AccountDocument,
        limits: &LimitsDocument,
    ) -> Result<Account, String> {
        let program = self
            .rules
            .program(ProgramId(document.program))
            .ok_or_else(|| format!("program {} does not exist", document.program))?;
        let minor = |amount: Decimal| {
            minor_units(amount, program.currency).map_err(|error| error.to_string())
        };
        Ok(Account {
            id: AccountId(document.id),
            program: program.id,
            owner: CustomerId(document.owner),
            holders: document.holders.iter().copied().map(CustomerId).collect(),
            parent: document.parent.map(AccountId),
            group: GroupId(document.owner),
            status: document.status.clone(),
            status_reason: None,
            currency: program.currency,
            limits: Limits {
                max_credit_limit: minor(limits.max_credit_limit)?,
                total_credit_limit: minor(limits.total_credit_limit)?,
                available_credit_limit: minor(limits.available_credit_limit)?,
                total_installment_credit_limit: minor(limits.total_installment_credit_limit)?,
                available_total_installment_credit: minor(
                    limits.available_total_installment_credit,
                )?,
                withdrawal_credit_limit: minor(limits.withdrawal_credit_limit)?,
                available_withdrawal_credit: minor(limits.available_withdrawal_credit)?,
                available_savings_account_limit: minor(limits.available_savings_account_limit)?,
                total_overdraft_limit: minor(limits.total_overdraft_limit)?,
                over_limit_percentage_hundredths: 0,
                held_funds: minor(limits.held_funds)?,
                additional_funds: minor(limits.additional_funds)?,
            },
            opening: None,
            pending: Deltas::NONE,
            latest: None,
            reflects: RecordId::default(),
        })
    }

    fn card(&self, document: &CardDocument) -> Result<Card, String> {
        let mode = match (
            document.account,
            document.credit_account,
            document.debit_account,
        ) {
            (Some(account), None, None) => CardMode::Single(AccountId(account)),
            (None, Some(credit), Some(debit)) => CardMode::Combo {
                credit: AccountId(credit),
                debit: AccountId(debit),
            },
            _ => return Err("needs account, or credit_account and debit_account".to_owned()),
        };
        let pan = Pan::parse(&document.pan).map_err(|error| error.to_string())?;
        let facts = CardFacts {
            expiry: expiry(&document.expiry)?,
            status: document.status,
            mode,
            holder: CustomerId(document.holder),
            kind: document.kind,
            suspended: SuspendedModes::default(),
            bin: bin(&pan),
        };
        self.issue(&pan, facts)
    }

    fn issue(&self, pan: &Pan, facts: CardFacts) -> Result<Card, String> {
        Ok(Card {
            hash: self.vault.hash(pan),
            masked_pan: pan.masked().to_string(),
            encrypted_pan: self.vault.encrypt(pan).map_err(|error| error.to_string())?,
            facts,
        })
    }

    fn generate(&mut self, generator: &Generator) -> Result<(), String> {
        let expiry = expiry(&generator.expiry)?;
        for number in 0..generator.count {
            let id = generator.first_id.saturating_add(number);
            let pan = generated_pan(&generator.bin, number)
                .ok_or("the BIN and the count do not make card numbers of 16 digits")?;
            self.customers.push(Command::CreateCustomer(Customer {
                id: CustomerId(id),
                kind: CustomerKind::Person,
                name: format!("Generated customer {id}"),
                document_number: format!("G{id}"),
                is_active: true,
                address: None,
            }));
            let account = AccountDocument {
                id,
                program: generator.program,
                owner: id,
                holders: Vec::new(),
                parent: None,
                status: AccountStatus::Normal,
                limits: LimitsDocument::default(),
            };
            let account = self.account(&account, &generator.limits)?;
            self.accounts.push(Command::OpenAccount(Box::new(account)));
            let facts = CardFacts {
                expiry,
                status: CardStatus::Normal,
                mode: CardMode::Single(AccountId(id)),
                holder: CustomerId(id),
                kind: CardKind::default(),
                suspended: SuspendedModes::default(),
                bin: bin(&pan),
            };
            self.cards
                .push(Command::IssueCard(self.issue(&pan, facts)?));
        }
        Ok(())
    }
}

/// The PAN with a number in a BIN: BIN, the number filled with zeros to 15 digits, the check digit.
fn generated_pan(bin: &str, number: u64) -> Option<Pan> {
    let width = 15_usize.checked_sub(bin.len())?;
    let body = format!("{bin}{number:0width$}");
    let mut sum = 0;
    for (position, digit) in body.bytes().rev().enumerate() {
        let digit = u32::from(digit)
            .checked_sub(u32::from(b'0'))
            .filter(|digit| *digit < 10)?;
        let doubled = if position % 2 == 0 { digit * 2 } else { digit };
        sum += doubled / 10 + doubled % 10;
    }
    let check = (10 - sum % 10) % 10;
    Pan::parse(&format!("{body}{check}"))
        .ok()
        .filter(|pan| pan.reveal().len() == 16)
}

/// The first eight digits of a PAN.
fn bin(pan: &Pan) -> Option<[u8; 8]> {
    pan.reveal().as_bytes().first_chunk().copied()
}

fn expiry(text: &str) -> Result<Expiry, String> {
    let expiry = text
        .parse::<u16>()
        .ok()
        .and_then(|yymm| Expiry::try_from(yymm).ok());
    expiry.ok_or_else(|| "expiry is not YYMM".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_numbers_end_in_their_check_digit() {
        for (number, expected) in [(0, "4000001300000007"), (1, "4000001300000015")] {
            let pan = generated_pan("40000013", number).unwrap();
            assert_eq!(pan.reveal(), expected);
        }
        assert!(generated_pan("40000013", 10_000_000).is_none());
        assert!(generated_pan("4000001X", 0).is_none());
    }
}
