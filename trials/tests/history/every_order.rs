//! Every order of a small history, tried one after the other: slow, and too simple to be wrong.

use trials::history::{Account, History, Operation};

/// Whether some order explains a history.
pub(crate) fn explains(history: &History) -> bool {
    let account = Account::new(history.opening);
    explains_rest(&account, history, &history.operations)
}

fn explains_rest(account: &Account, history: &History, left: &[Operation]) -> bool {
    let first_return = left
        .iter()
        .filter_map(|operation| operation.returned)
        .map(|(at, _)| at)
        .min();
    // What was never answered need not have happened.
    if first_return.is_none()
        && history
            .closing
            .is_none_or(|closing| closing == account.limits())
    {
        return true;
    }
    (0..left.len()).any(|place| {
        let operation = left[place];
        if first_return.is_some_and(|at| at < operation.called) {
            return false;
        }
        let mut account = account.clone();
        let answer = account.take(operation.message, &operation.request);
        let matches = operation
            .returned
            .is_none_or(|(_, answered)| answered == answer);
        matches
            && explains_rest(
                &account,
                history,
                &[&left[..place], &left[place + 1..]].concat(),
            )
    })
}
