//! What must hold at the end of every table, added up from its records alone: limits are what was opened
//! with plus all deltas, a hold is resolved once, what is pending is what pending authorizations hold, and
//! a replay and the books give the same.

use std::collections::BTreeMap;

use ledger::audit::{Books, Helpers};
use ledger::authorization::{
    AccountMove, AuthorizationStatus, Change, Decision, Lookup, MessageKey, Standing,
};
use ledger::books::store::MemoryStore;
use ledger::books::{Progress, ViewWriter, load};
use ledger::entities::Account;
use ledger::identifiers::{RecordId, Timestamp};
use ledger::journal::disk::Directory;
use ledger::operation::OperationEffect;
use ledger::writer::Writer;
use ledger::{Record, State};
use rules::{AccountId, LimitName};

use crate::support::SHARD;
use crate::world::World;

/// Sums per account and limit.
type Sums = BTreeMap<(AccountId, usize), i64>;

/// Where an authorization stands, as its records say: status and what remains of each part.
type Stands = (AuthorizationStatus, Vec<i64>);

/// Checks everything.
pub(crate) fn check(world: &mut World) -> Result<(), String> {
    let purged = world.books.views().purged();
    let purged = purged.map_err(|error| error.to_string())?;
    // An opening has what was purged in it; what is pending was never purged as such.
    let limits = sums(world, purged.through, |moved| moved.deltas);
    let pending = sums(world, RecordId::default(), |moved| moved.pending);
    let mut standings = follow(world)?;
    standings.retain(|id, _| !purged.includes(*id));
    let held = held(world, &standings)?;
    for account in world.writer.state().accounts() {
        let shown = world.books.views().account(account.id);
        let shown = shown.map_err(|error| error.to_string())?;
        let opening = shown.and_then(|shown| shown.opening);
        let opening = opening.ok_or("an account has no opening")?;
        for (place, limit) in LimitName::ALL.into_iter().enumerate() {
            let of = |sums: &Sums| sums.get(&(account.id, place)).copied().unwrap_or(0);
            let opening = opening.get(limit);
            let found = (account.limits.get(limit), account.pending.get(limit));
            let expected = (opening + of(&limits), of(&pending));
            if found != expected || of(&pending) != of(&held) {
                return Err(format!(
                    "account {} limit {limit:?}: limit and pending are {found:?}, the records give \
                     {expected:?}, the pending authorizations hold {}",
                    account.id,
                    of(&held)
                ));
            }
        }
    }
    same_after_replay(world)?;
    as_operators_audit(world)?;
    same_in_the_books(world)?;
    same_when_built_anew(world)?;
    as_operators_audit(world)
}

/// The audit that operators run finds nothing either, whether the rows are in the views or in the store.
fn as_operators_audit(world: &World) -> Result<(), String> {
    let books = Books {
        views: world.books.views(),
        shard: SHARD,
        journal: None::<Directory>,
        still: true,
    };
    let helpers = Helpers {
        pace: &mut |_| true,
        rules: &mut |version| world.rules_of(version),
        witness: &mut |_, _, _| Ok(()),
    };
    let audited = ledger::audit::run(books, helpers);
    audited.map(drop).map_err(|error| error.to_string())
}

fn moves(record: &Record) -> &[AccountMove] {
    match record {
        Record::AuthorizationDecided(decided) => &decided.moves,
        Record::ReversalDecided(decided) => &decided.moves,
        Record::HoldDropped(dropped) => &dropped.moves,
        Record::OperationDone(done) => &done.moves,
        Record::ClearingDecided(decided) => &decided.moves,
        _ => &[],
    }
}

fn sums(world: &World, after: RecordId, of: impl Fn(&AccountMove) -> rules::Deltas) -> Sums {
    let mut sums = Sums::new();
    let records = world.records.iter().filter(|(id, _)| *id > after);
    for moved in records.flat_map(|(_, record)| moves(record)) {
        for (place, limit) in LimitName::ALL.into_iter().enumerate() {
            *sums.entry((moved.account, place)).or_default() += of(moved).get(limit);
        }
    }
    sums
}

/// Follows every authorization through its records. Each change must begin where the one before it ended.
fn follow(world: &World) -> Result<BTreeMap<RecordId, (MessageKey, Stands)>, String> {
    let mut standings: BTreeMap<RecordId, (MessageKey, Stands)> = BTreeMap::new();
    let made = |standing: Standing| {
        let parts = standing.parts.iter().map(|part| part.remaining_minor);
        (standing.status, parts.collect::<Vec<_>>())
    };
    for (id, record) in &world.records {
        let change = match record {
            Record::AuthorizationDecided(decided) => {
                if let Some(standing) = decided.standing(*id) {
                    let key = MessageKey::Network(decided.facts.key);
                    standings.insert(*id, (key, made(standing)));
                }
                if let Decision::Approved(approval) = &decided.decision
                    && let Some((_, of)) = approval.increment_of()
                {
                    let (_, (status, parts)) = standings.get_mut(of).ok_or("no such original")?;
                    if *status != AuthorizationStatus::Pending {
                        return Err(format!("{id} raises what is not pending"));
                    }
                    parts.push(approval.transaction_minor);
                }
                match &decided.decision {
                    Decision::Completed(change) => Some(&**change),
                    _ => None,
                }
            }
            Record::ReversalDecided(decided) => decided.change.as_deref(),
            Record::HoldDropped(dropped) => Some(&dropped.change),
            Record::OperationDone(done) => {
                if let Some(standing) = done.effect.standing() {
                    standings.insert(*id, (done.request.key(), made(standing.clone())));
                }
                let of_clearing = done.effect.cleared();
                match &done.effect {
                    OperationEffect::Canceled(change) => Some(&**change),
                    OperationEffect::TransferSettled(settled) => {
                        settled.returned.as_ref().map(|(_, change)| change)
                    }
                    _ => of_clearing.and_then(|cleared| cleared.change.as_ref()),
                }
            }
            Record::ClearingDecided(decided) => {
                let cleared = decided.cleared();
                if let Some(standing) = cleared.and_then(|cleared| cleared.standing.clone()) {
                    let key = MessageKey::Clearing(decided.facts.key.clone());
                    standings.insert(*id, (key, made(standing)));
                }
                cleared.and_then(|cleared| cleared.change.as_ref())
            }
            _ => None,
        };
        if let Some(change) = change {
            let known = standings.get_mut(&change.authorization);
            let (_, stands) = known.ok_or_else(|| format!("{id} changes nothing known"))?;
            step(*id, stands, change)?;
        }
    }
    Ok(standings)
}

/// One change of an authorization.
fn step(id: RecordId, (status, parts): &mut Stands, change: &Change) -> Result<(), String> {
    use AuthorizationStatus::{Canceled, Declined, Dropped, Pending, Processed};
    let before: Vec<_> = change.parts.iter().map(|part| part.before_minor).collect();
    if (*status, &*parts) != (change.status_before, &before) {
        return Err(format!(
            "{id} begins at {:?} {before:?}, the record before it ended at {status:?} {parts:?}",
            change.status_before
        ));
    }
    let allowed = match (*status, change.status) {
        (Declined, _) | (_, Declined) | (Processed | Canceled, Dropped) => false,
        (Processed, Pending) => false,
        (Dropped, Dropped) | (Canceled, Canceled) => false,
        (Pending | Processed | Dropped | Canceled, Pending | Processed | Canceled) => true,
        (Pending, Dropped) => true,
    };
    if !allowed {
        return Err(format!("{id} takes {status:?} to {:?}", change.status));
    }
    *status = change.status;
    *parts = change.parts.iter().map(|part| part.after_minor).collect();
    Ok(())
}

/// What pending authorizations hold, from the books, whose standings must be those of the records.
fn held(
    world: &World,
    standings: &BTreeMap<RecordId, (MessageKey, Stands)>,
) -> Result<Sums, String> {
    let mut sums = Sums::new();
    for (id, (key, stands)) in standings {
        let found = world.books.views().found(&Lookup::Key(key.clone()));
        let message = found.map_err(|error| error.to_string())?;
        let standing = message.as_ref().and_then(|message| message.standing());
        let standing = standing.ok_or_else(|| format!("the books have no standing of {id}"))?;
        let parts = standing.parts.iter().map(|part| part.remaining_minor);
        let found = (standing.status, parts.collect::<Vec<_>>());
        if found != *stands {
            return Err(format!(
                "the books have {found:?} of {id}, the records {stands:?}"
            ));
        }
        if standing.status != AuthorizationStatus::Pending {
            continue;
        }
        let held = standing.held().ok_or("what is held leaves its range")?;
        for (account, deltas) in held.iter() {
            for (place, limit) in LimitName::ALL.into_iter().enumerate() {
                *sums.entry((account, place)).or_default() += deltas.get(limit);
            }
        }
    }
    Ok(sums)
}

fn same_after_replay(world: &World) -> Result<(), String> {
    let mut replayed = Writer::new(SHARD, State::default(), 0, Timestamp::default());
    for batch in &world.batches {
        replayed
            .replay(batch, |_| Ok(None))
            .map_err(|error| error.to_string())?;
    }
    same_accounts(world, replayed.state(), "a replay")
}

/// The books in the views, and those in the store alone after a checkpoint.
fn same_in_the_books(world: &mut World) -> Result<(), String> {
    for account in world.writer.state().accounts() {
        let shown = world.books.views().account(account.id);
        let shown = shown.map_err(|error| error.to_string())?;
        if shown.map(Account::for_deciding).as_ref() != Some(account) {
            return Err(format!("the books have another account {}", account.id));
        }
    }
    world
        .books
        .checkpoint()
        .map_err(|error| error.to_string())?;
    let store = world.books.views().store();
    let loaded = load::state(store, Timestamp(i64::MIN)).map_err(|error| error.to_string())?;
    same_accounts(world, &loaded, "a start from the books")
}

/// Books that are made from the whole journal at once have the same rows.
fn same_when_built_anew(world: &World) -> Result<(), String> {
    let mut anew = ViewWriter::new(SHARD, MemoryStore::default(), Progress::default());
    for batch in &world.batches {
        anew.apply(batch).map_err(|error| error.to_string())?;
    }
    anew.checkpoint().map_err(|error| error.to_string())?;
    let contents = |books: &ViewWriter<MemoryStore>| {
        let found = load::contents(books.views().store(), |_, _| Ok(()));
        found.map_err(|error| error.to_string())
    };
    let (found, expected) = (contents(&anew)?, contents(&world.books)?);
    found.expect(&expected).map_err(|error| error.to_string())
}

fn same_accounts(world: &World, other: &State, what: &str) -> Result<(), String> {
    for account in world.writer.state().accounts() {
        if other.account(account.id) != Some(account) {
            return Err(format!("{what} gives another account {}", account.id));
        }
    }
    Ok(())
}
