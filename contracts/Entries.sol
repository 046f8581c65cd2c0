// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IIdentifiers} from "./interfaces/IIdentifiers.sol";
import {Labels} from "./libraries/Labels.sol";
import {Signed} from "./Signed.sol";
import {Year} from "./types/Calendar.sol";
import {Kinds, Rights, Schemes, Standings} from "./types/Codes.sol";

/// @title The slots of Identifiers, and the views that read them; nothing here changes one
abstract contract Entries is IIdentifiers, Signed {
    struct EntrySlot {
        bytes28 owner; // identifier without its last four bytes
        uint8 kind; // of Kinds; 0: no such identifier
        uint8 standing; // bits of Standings
        uint16 revision; // of the standing
    }

    struct KeySlot {
        uint48 validFrom; // seconds
        uint48 validUntil; // seconds, exclusive; 0: never added
        uint48 compromisedSince; // seconds; 0: not
        uint32 person; // number inside the participant
        uint16 rights; // bits of Rights
        uint8 scheme; // of Schemes
    }

    struct AccreditationSlot {
        uint48 validFrom; // seconds
        uint48 validUntil; // seconds, exclusive
        uint64 sectors; // bits by Sectors
        uint16 revision;
    }

    struct RelationSlot {
        Year firstYear; // inclusive
        Year lastYear; // inclusive
        uint64 sectors; // bits by Sectors
        uint8 ties; // bits of Ties
        uint16 revision; // of the assignment
    }

    // Internal and not private, since the verbs that change them stand in Identifiers.
    mapping(bytes32 id => EntrySlot entry) internal _entry;
    mapping(bytes32 id => uint16 revision) internal _recordRevision;
    mapping(bytes32 participant => mapping(address key => KeySlot slot)) internal _keys;
    mapping(bytes32 verifier => AccreditationSlot accreditation) internal _accreditation;
    mapping(bytes32 verifier => mapping(bytes32 enterprise => RelationSlot relation))
        internal _relation;
    // An assignment can take a tie back, so its bits alone would let an old declaration in again.
    mapping(bytes32 act => bool isDeclared) internal _isDeclared;

    /// @inheritdoc IIdentifiers
    function requireKey(bytes32 participant, address key, uint16 right)
        external
        view
        returns (uint32 person)
    {
        return _requireKey(participant, key, right).person;
    }

    /// @inheritdoc IIdentifiers
    function requireReporter(bytes32 facility, address key)
        external
        view
        returns (bytes32 enterprise)
    {
        enterprise = _requireFacility(facility, Standings.ACTIVE);
        _requireKey(enterprise, key, Rights.REPORT);
    }

    /// @inheritdoc IIdentifiers
    function requireVerifier(bytes32 verifier, address key, bytes32 facility, Year year)
        external
        view
        returns (bytes32 enterprise)
    {
        _requireKey(verifier, key, Rights.ATTEST);
        enterprise = _requireFacility(facility, 0);
        uint64 sectors = _requireAssigned(verifier, enterprise, year);
        AccreditationSlot storage slot = _accreditation[verifier];
        bool isInTime = slot.validFrom <= block.timestamp && block.timestamp < slot.validUntil;
        if (!isInTime || sectors & ~slot.sectors != 0) {
            revert VerifierNotAccredited(verifier, sectors, _now());
        }
    }

    /// @inheritdoc IIdentifiers
    function requireSender(bytes32 from, address key, bytes32 to)
        external
        view
        returns (uint32 person)
    {
        _requireStanding(from, Standings.ACTIVE | Standings.SENDS);
        _requireStanding(to, Standings.HOLDS);
        return _requireKey(from, key, Rights.MOVE).person;
    }

    /// @inheritdoc IIdentifiers
    function requireAuthority(bytes32 authority, address key, uint16 right, bytes32 account)
        external
        view
        returns (uint32 person)
    {
        person = _requireKey(authority, key, right).person;
        _requireStanding(account, Standings.HOLDS);
    }

    /// @inheritdoc IIdentifiers
    function isValidAt(bytes32 participant, address key, uint48 time)
        external
        view
        returns (bool)
    {
        KeySlot storage slot = _keys[participant][key];
        uint48 since = slot.compromisedSince;
        bool isCompromised = since != 0 && since <= time;
        return slot.validFrom <= time && time < slot.validUntil && !isCompromised;
    }

    /// @inheritdoc IIdentifiers
    function entryOf(bytes32 id)
        external
        view
        returns (bytes32 owner, uint8 kind, uint8 standing, uint16 revision)
    {
        EntrySlot storage entry = _entry[id];
        return (bytes32(entry.owner), entry.kind, entry.standing, entry.revision);
    }

    /// @inheritdoc IIdentifiers
    function keyOf(bytes32 participant, address key)
        external
        view
        returns (
            uint48 validFrom,
            uint48 validUntil,
            uint48 compromisedSince,
            uint32 person,
            uint16 rights,
            uint8 scheme
        )
    {
        KeySlot storage slot = _keys[participant][key];
        (validFrom, validUntil) = (slot.validFrom, slot.validUntil);
        (compromisedSince, person) = (slot.compromisedSince, slot.person);
        (rights, scheme) = (slot.rights, slot.scheme);
    }

    /// @inheritdoc IIdentifiers
    function accreditationOf(bytes32 verifier)
        external
        view
        returns (uint48 validFrom, uint48 validUntil, uint64 sectors, uint16 revision)
    {
        AccreditationSlot storage slot = _accreditation[verifier];
        return (slot.validFrom, slot.validUntil, slot.sectors, slot.revision);
    }

    /// @inheritdoc IIdentifiers
    function relationOf(bytes32 verifier, bytes32 enterprise)
        external
        view
        returns (uint16 firstYear, uint16 lastYear, uint64 sectors, uint8 ties, uint16 revision)
    {
        RelationSlot storage slot = _relation[verifier][enterprise];
        (firstYear, lastYear) = (Year.unwrap(slot.firstYear), Year.unwrap(slot.lastYear));
        (sectors, ties, revision) = (slot.sectors, slot.ties, slot.revision);
    }

    /// @inheritdoc IIdentifiers
    function enterpriseOf(bytes32 facility) external view returns (bytes32 enterprise) {
        EntrySlot storage entry = _entry[facility];
        if (entry.kind == Kinds.FACILITY) enterprise = bytes32(entry.owner);
    }

    /// @inheritdoc IIdentifiers
    function idOf(bytes32 parent, bool isPrefix, string calldata label)
        external
        pure
        returns (bytes32 id)
    {
        return Labels.idOf(parent, isPrefix, label);
    }

    /// The entry of a known identifier.
    function _requireKnown(bytes32 id) internal view returns (EntrySlot storage entry) {
        entry = _entry[id];
        if (entry.kind == 0) revert IdentifierUnknown(id);
    }

    /// The entry of a known identifier that has all wanted standing bits.
    function _requireStanding(bytes32 id, uint8 wanted)
        internal
        view
        returns (EntrySlot storage entry)
    {
        entry = _requireKnown(id);
        uint8 standing = entry.standing;
        if (standing & wanted != wanted) revert StandingMissing(id, standing, wanted);
    }

    /// The slot of a key that may sign now for an active participant and holds all wanted rights.
    function _requireKey(bytes32 participant, address key, uint16 wanted)
        internal
        view
        returns (KeySlot storage slot)
    {
        _requireStanding(participant, Standings.ACTIVE);
        slot = _keys[participant][key];
        (uint48 from, uint48 until, uint48 since) =
            (slot.validFrom, slot.validUntil, slot.compromisedSince);
        bool isInTime = from <= block.timestamp && block.timestamp < until;
        if (!isInTime || since != 0 || slot.scheme == Schemes.OTHER_CURVE) {
            revert KeyNotValid(participant, key, from, until, since);
        }
        uint16 rights = slot.rights;
        if (rights & wanted != wanted) revert KeyRightMissing(participant, key, rights, wanted);
    }

    /// Whether the identifier's own keys speak for it.
    function _isParticipant(uint8 kind) internal pure returns (bool) {
        return kind >= Kinds.PARK && kind <= Kinds.MODULE || kind == Kinds.SERVICE;
    }

    function _requireFacility(bytes32 facility, uint8 wanted) private view returns (bytes32) {
        EntrySlot storage entry = _requireStanding(facility, wanted);
        uint8 kind = entry.kind;
        if (kind != Kinds.FACILITY) revert IdentifierKindWrong(facility, kind);
        return bytes32(entry.owner);
    }

    /// The sectors for which a verifier without ties is assigned for the year.
    function _requireAssigned(bytes32 verifier, bytes32 enterprise, Year year)
        private
        view
        returns (uint64)
    {
        RelationSlot storage relation = _relation[verifier][enterprise];
        uint16 wanted = Year.unwrap(year);
        (uint16 first, uint16 last) =
            (Year.unwrap(relation.firstYear), Year.unwrap(relation.lastYear));
        bool isAssigned = relation.revision != 0 && first <= wanted && wanted <= last;
        if (!isAssigned) revert VerifierNotAssigned(verifier, enterprise, year);
        uint8 ties = relation.ties;
        if (ties != 0) revert VerifierNotIndependent(verifier, enterprise, ties);
        return relation.sectors;
    }
}
