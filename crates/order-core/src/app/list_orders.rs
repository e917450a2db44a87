//! List orders, newest first, a page at a time.

use super::{AppError, Orders};
use crate::domain::limits::MAX_ID_CHARS;
use crate::domain::{Order, OrderId, Violations};
use crate::ports::{ListFilter, ListQuery};
use std::sync::Arc;

/// A page that a caller asks for.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// Which orders.
    pub filter: ListFilter,
    /// How many: absent or 0 means 50, more than 500 means 500 (AIP-158).
    pub page_size: Option<i64>,
    /// `next_page_token` of the page before.
    pub page_token: Option<String>,
}

/// A page of orders.
#[derive(Clone, Debug)]
pub struct OrderPage {
    /// The orders, newest first. May be fewer than asked for even if more follow.
    pub orders: Vec<Arc<Order>>,
    /// Names the next page; `None` on the last one.
    pub next_page_token: Option<String>,
}

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 500;
/// Orders that are read at a time: bounds what a page of large orders takes before it is cut.
const READ_AT_A_TIME: usize = 64;
/// Lines of all orders of a page, at most: bounds an answer to some megabytes.
pub(super) const MAX_PAGE_LINES: usize = 20_000;

impl Orders {
    /// One page.
    pub async fn list(&self, request: PageRequest) -> Result<OrderPage, AppError> {
        let mut all = check_filter(&request.filter);
        let size = page_size(&mut all, request.page_size);
        let token = FilterHash::of(&request.filter);
        let before = request.page_token.as_deref().map(|text| token.read(text));
        if let Some(None) = before {
            all.add(
                "page_token",
                "must be a next_page_token of a list with the same filters",
            );
        }
        all.into_result()?;
        let mut query = ListQuery {
            filter: request.filter,
            before: before.flatten(),
            limit: 0,
        };
        let mut page = Vec::new();
        let mut lines = 0;
        // One more than the page is read, to know whether another one follows.
        while page.len() <= size && lines <= MAX_PAGE_LINES {
            query.limit = READ_AT_A_TIME.min(size + 1 - page.len());
            let read = self.store.list(&query).await?;
            let end = read.len() < query.limit;
            lines += read.iter().map(|order| order.lines.len()).sum::<usize>();
            page.extend(read);
            query.before = page.last().map(|order: &Arc<Order>| order.order_id);
            if end {
                return Ok(cut(page, size, token, false));
            }
        }
        Ok(cut(page, size, token, true))
    }
}

fn cut(mut page: Vec<Arc<Order>>, size: usize, token: FilterHash, more: bool) -> OrderPage {
    let more = more || page.len() > size;
    page.truncate(size);
    let last = page.last().filter(|_| more).map(|order| order.order_id);
    OrderPage {
        next_page_token: last.map(|last| token.write(last)),
        orders: page,
    }
}

/// The size of a page, or a violation.
pub(super) fn page_size(all: &mut Violations, asked: Option<i64>) -> usize {
    match asked {
        None | Some(0) => DEFAULT_PAGE,
        Some(asked) if asked < 0 => {
            all.add("page_size", "must not be negative");
            DEFAULT_PAGE
        }
        Some(asked) => usize::try_from(asked).unwrap_or(MAX_PAGE).min(MAX_PAGE),
    }
}

fn check_filter(filter: &ListFilter) -> Violations {
    let mut all = Violations::new();
    for (field, text) in [
        ("customer_id", &filter.customer_id),
        ("external_id", &filter.external_id),
    ] {
        let wrong = |text: &String| {
            text.is_empty()
                || text.chars().count() > MAX_ID_CHARS
                || text.chars().any(char::is_control)
        };
        if text.as_ref().is_some_and(wrong) {
            all.add(
                field,
                format!("must be 1 to {MAX_ID_CHARS} characters, no control characters"),
            );
        }
    }
    all
}

/// Ties a token to its filters: the next page of one list is no page of another.
#[derive(Clone, Copy)]
struct FilterHash(u64);

impl FilterHash {
    fn of(filter: &ListFilter) -> FilterHash {
        // FNV-1a: it keeps honest callers from mixing tokens up; nothing is to be gained by forging one.
        let text = format!("{filter:?}");
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        FilterHash(text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }

    fn write(self, last: OrderId) -> String {
        format!("{:016x}{:032x}", self.0, last.as_u128())
    }

    fn read(self, text: &str) -> Option<OrderId> {
        let plain = text.len() == 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (hash, id) = plain.then(|| text.split_at(16))?;
        let same = u64::from_str_radix(hash, 16).ok()? == self.0;
        u128::from_str_radix(id, 16)
            .ok()
            .filter(|_| same)
            .map(OrderId::from_u128)
    }
}
