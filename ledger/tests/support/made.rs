//! Made-up entities and messages with everything left out that a test does not speak of. A field that is
//! added to one of them finds its place here, not in every test.

use ledger::authorization::{
    Circumstances, Clearing, Conversion, Fees, Fingerprint, MatchKey, MessageClass, RequestFacts,
    ReversalFacts,
};
use ledger::entities::{
    Account, AccountStatus, Card, CardFacts, CardKind, CardMode, CardStatus, Customer,
    CustomerKind, Expiry, SuspendedModes,
};
use ledger::identifiers::{CardHash, CustomerId, GroupId, RecordId};
use rules::{AccountId, AccountType, Currency, Deltas, Limits, ProgramId};

/// The currency of everything that does not say otherwise.
pub(crate) fn dollar() -> Currency {
    "840".parse().unwrap()
}

/// A person.
pub(crate) fn customer(id: u64) -> Customer {
    Customer {
        id: CustomerId(id),
        kind: CustomerKind::Person,
        name: "Ada".to_owned(),
        document_number: format!("D{id:04}"),
        is_active: true,
        address: None,
    }
}

/// A normal account of customer 1 and group 1 in dollars.
pub(crate) fn account(id: u64, program: u32, limits: Limits) -> Account {
    Account {
        id: AccountId(id),
        program: ProgramId(program),
        owner: CustomerId(1),
        holders: Vec::new(),
        parent: None,
        group: GroupId(1),
        status: AccountStatus::Normal,
        status_reason: None,
        currency: dollar(),
        limits,
        opening: None,
        pending: Deltas::NONE,
        latest: None,
        reflects: RecordId::default(),
    }
}

/// A normal card of customer 1 that is good for long.
pub(crate) fn card(hash: CardHash, mode: CardMode) -> Card {
    Card {
        hash,
        masked_pan: "400000******0016".to_owned(),
        encrypted_pan: vec![7; 12],
        facts: CardFacts {
            expiry: Expiry::try_from(9912).unwrap(),
            status: CardStatus::Normal,
            mode,
            holder: CustomerId(1),
            kind: CardKind::Plastic,
            suspended: SuspendedModes::default(),
            bin: None,
        },
    }
}

/// A fingerprint in dollars. `processing_code` is all six digits of DE3.
pub(crate) fn fingerprint(processing_code: [u8; 6], amount_minor: i64) -> Fingerprint {
    Fingerprint {
        processing_code,
        amount_minor,
        currency: Some(dollar()),
        billing_amount_minor: None,
    }
}

/// A request that says nothing but its key and its fingerprint; the class says how it is cleared.
pub(crate) fn request(key: MatchKey, fingerprint: Fingerprint) -> RequestFacts {
    let digits = String::from_utf8(fingerprint.processing_code.to_vec()).unwrap();
    let account_type = |range| AccountType::parse(digits.get(range).unwrap()).unwrap();
    let (mti, clearing) = match key.class {
        MessageClass::Financial => (200, Clearing::Online),
        MessageClass::Authorization | MessageClass::Reversal | MessageClass::FileAction => {
            (100, Clearing::Offline)
        }
    };
    RequestFacts {
        key,
        fingerprint,
        mti,
        clearing,
        advice: None,
        processing_code: digits.get(..2).unwrap().parse().unwrap(),
        from_account: account_type(2..4),
        to_account: account_type(4..6),
        expiry_yymm: None,
        mcc: None,
        domestic: true,
        entry_mode: None,
        installments: 1,
        cashback_minor: None,
        fees: Fees::default(),
        billing_currency: None,
        conversion: Conversion::default(),
        pre_authorization: false,
        recurring: false,
        incremental: false,
        partial_capable: false,
        original: None,
        network_reference: None,
        approval_code: None,
        address_result: None,
        retrieval_reference: None,
        card_acceptor: None,
        card_acceptor_name: None,
        circumstances: Circumstances::default(),
        stand_in_reason: None,
        business_date: None,
    }
}

/// A reversal request that undoes all of its original.
pub(crate) fn reversal(
    key: MatchKey,
    original: MatchKey,
    fingerprint: Fingerprint,
) -> ReversalFacts {
    ReversalFacts {
        key,
        fingerprint,
        original: Some(original),
        network_reference: None,
        advice: false,
        replacement_minor: None,
        retrieval_reference: None,
        business_date: None,
    }
}
