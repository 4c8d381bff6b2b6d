//! A page of a list by key, never by offset.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// What a client asked for; `K` is the key that the list is ordered by.
#[derive(Clone, Debug)]
pub struct Page<K> {
    /// 1 to 100.
    pub size: usize,
    pub direction: Direction,
    /// Start behind this key (forward) or end before it (backward).
    pub from: Option<K>,
}

impl<K> Page<K> {
    pub fn first(size: usize) -> Self {
        Self { size, direction: Direction::Forward, from: None }
    }
}

/// A page that was read, in the list's own order.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub has_previous: bool,
    pub has_next: bool,
}

impl<T> Slice<T> {
    /// From up to one row more than the page holds, in the list's order.
    pub fn of<K>(page: &Page<K>, mut rows: Vec<T>) -> Self {
        let more = rows.len() > page.size;
        let came_from_somewhere = page.from.is_some();
        match page.direction {
            Direction::Forward => {
                rows.truncate(page.size);
                Self { items: rows, has_previous: came_from_somewhere, has_next: more }
            }
            Direction::Backward => {
                let rows = rows.split_off(rows.len().saturating_sub(page.size));
                Self { items: rows, has_previous: more, has_next: came_from_somewhere }
            }
        }
    }

    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Slice<U> {
        Slice {
            items: self.items.into_iter().map(convert).collect(),
            has_previous: self.has_previous,
            has_next: self.has_next,
        }
    }
}
