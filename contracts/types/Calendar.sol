// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A month as yyyymm, or a whole year as yyyy00.
type Period is uint32;

/// A compliance or vintage year.
type Year is uint16;

uint32 constant FIRST_PERIOD = 200000;
uint32 constant LAST_PERIOD = 299912;
uint32 constant MONTHS = 12;

using {isPeriod, isMonth, yearOf} for Period global;

/// Whether it is a month or a whole year of 2000 to 2999.
function isPeriod(Period period) pure returns (bool) {
    uint32 value = Period.unwrap(period);
    return value >= FIRST_PERIOD && value <= LAST_PERIOD && value % 100 <= MONTHS;
}

/// Whether it is a single month.
function isMonth(Period period) pure returns (bool) {
    return isPeriod(period) && Period.unwrap(period) % 100 != 0;
}

/// The year of a period; 0 for what is no period.
function yearOf(Period period) pure returns (Year) {
    // A period is at most 299912, so its year fits.
    return Year.wrap(isPeriod(period) ? uint16(Period.unwrap(period) / 100) : 0);
}
