// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Grams of CO2 equivalent; at most 2^53 - 1, so that every reader of JSON keeps it exact.
type Carbon is uint64;

/// Units of an asset, each the right to emit one tonne of CO2 equivalent.
type Tonnes is uint64;
