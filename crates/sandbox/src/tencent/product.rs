//! The two products that offer `QueryCustomersCredit`, and their differences.

pub(super) const OPERATION: &str = "QueryCustomersCredit";

/// A product that offers `QueryCustomersCredit`.
#[derive(Debug)]
pub(super) struct Product {
    pub service: &'static str,
    pub version: &'static str,
    /// The documented rate limit.
    pub per_second: u32,
    pub filter_types: &'static [&'static str],
    /// The code for a page below 1.
    pub bad_page: &'static str,
    /// Whether an empty list is `null`.
    pub empty_is_null: bool,
}

pub(super) const PRODUCTS: [Product; 2] = [
    Product {
        service: "ip",
        version: "2021-04-09",
        per_second: 20,
        filter_types: &["Uin", "Name", "Remark"],
        bad_page: "InvalidParameterValue",
        empty_is_null: true,
    },
    Product {
        service: "intlpartnersmgt",
        version: "2022-09-28",
        per_second: 5,
        filter_types: &["ClientUin", "Name", "Remark", "Email"],
        bad_page: "InvalidParameter.Page",
        empty_is_null: false,
    },
];
