//! Spreading an amount over lines so that the shares add up to it exactly.

use super::Amount;

/// Spreads `amount` over `weights` in proportion, by the largest remainder (Hare quota): each share
/// is its exact part rounded down, and the units that are then left go one each to the largest
/// remainders, the earlier line first among equals.
///
/// Shares add up to `amount` for any weights; where all weights are zero, lines count alike. No
/// share exceeds its exact part by a whole unit, so with `amount ≤ Σ weights` none exceeds its weight.
pub fn allocate(amount: Amount, weights: &[Amount]) -> Vec<Amount> {
    if weights.is_empty() || amount == Amount::ZERO {
        return vec![Amount::ZERO; weights.len()];
    }
    let mut sum: i128 = weights.iter().map(|weight| weight.wide()).sum();
    let alike = sum == 0;
    if alike {
        sum = i128::try_from(weights.len()).unwrap_or(i128::MAX);
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = amount.wide();
    for (i, weight) in weights.iter().enumerate() {
        let exact = amount.wide() * if alike { 1 } else { weight.wide() };
        left -= exact / sum;
        shares.push(exact / sum);
        remainders.push((exact % sum, i));
    }
    // Fewer units are left than there are lines, so that many remainders are the largest ones.
    let extra = usize::try_from(left).unwrap_or(0).min(remainders.len());
    if extra > 0 {
        let order = |a: &(i128, usize), b: &(i128, usize)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
        remainders.select_nth_unstable_by(extra - 1, order);
        for &(_, i) in &remainders[..extra] {
            shares[i] += 1;
        }
    }
    shares.into_iter().map(Amount::saturating).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts(list: &[i64]) -> Vec<Amount> {
        list.iter()
            .map(|&minor| Amount::new(minor).unwrap())
            .collect()
    }

    #[test]
    fn the_largest_remainders_get_what_is_left() {
        let spread = |amount, weights| allocate(Amount::new(amount).unwrap(), &amounts(weights));
        assert_eq!(spread(100, &[1, 1, 1]), amounts(&[34, 33, 33]));
        assert_eq!(spread(10, &[1, 3, 3]), amounts(&[2, 4, 4]));
        assert_eq!(spread(2, &[0, 0, 0]), amounts(&[1, 1, 0]));
        assert_eq!(spread(0, &[5, 5]), amounts(&[0, 0]));
        assert_eq!(spread(5, &[]), amounts(&[]));
    }

    proptest! {
        #[test]
        fn shares_add_up_and_stay_near_their_part(
            amount in 0..=Amount::MAX.minor(),
            weights in prop::collection::vec(0..=Amount::MAX.minor(), 1..60),
        ) {
            let weights = amounts(&weights);
            let amount = Amount::new(amount).unwrap();
            let shares = allocate(amount, &weights);
            prop_assert_eq!(shares.iter().map(|s| s.wide()).sum::<i128>(), amount.wide());
            let sum: i128 = weights.iter().map(|w| w.wide()).sum();
            for (share, weight) in shares.iter().zip(&weights) {
                if sum > 0 {
                    let exact = amount.wide() * weight.wide();
                    prop_assert!((share.wide() * sum - exact).abs() < sum);
                }
                if amount.wide() <= sum {
                    prop_assert!(share <= weight);
                }
            }
        }
    }
}
