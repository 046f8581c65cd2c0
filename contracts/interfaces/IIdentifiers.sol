// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Year} from "../types/Calendar.sol";

/// @title Who: identifiers, keys, rights, standing, accreditation, assignment
/// @notice An identifier has standing, a key has a person and rights. An act needs a valid key that
/// holds the right, and an identifier in the standing for it. A refusal before the change, in this
/// order: `SignatureExpired`, a bad signature, standing and key, the revision, and then the rules
/// of the verb. Views never revert on unknown ids; those named `require` revert for contracts.
interface IIdentifiers {
    /// @notice A new identifier below another.
    struct Registration {
        bytes32 parent; // identifier
        string label; // prefix: [0-9]{1,10}; suffix: upper case, at most 128 characters
        bool isPrefix; // a segment after ".", else a suffix after "/"
        uint8 kind; // of Kinds
        bytes32 owner; // identifier of the participant that answers for it
        bytes32 record; // digest of its description
        uint48 deadline; // seconds
    }

    /// @notice Another description of an identifier.
    struct RecordChange {
        bytes32 subject; // identifier
        bytes32 record; // digest
        uint16 revision; // current + 1
        uint48 deadline; // seconds
    }

    /// @notice A key for a person of a participant.
    struct KeyAddition {
        bytes32 participant; // identifier
        address addedKey;
        uint32 person; // number inside the participant
        uint16 rights; // bits of Rights
        uint8 scheme; // of Schemes
        uint48 validFrom; // seconds; 0: the block's time
        uint48 validUntil; // seconds, exclusive
        uint48 deadline; // seconds
    }

    /// @notice The end of a key.
    struct KeyEnding {
        bytes32 participant; // identifier
        address endedKey;
        uint48 time; // seconds; of a retirement 0: the block's time
        bool isCompromised; // in other hands since `time`, else retired at `time`
        uint48 deadline; // seconds
    }

    /// @notice What an identifier may do from now on.
    struct StandingChange {
        bytes32 authority; // identifier
        bytes32 subject; // identifier
        uint8 standing; // ACTIVE, HOLDS, SENDS of Standings
        uint16 revision; // current + 1
        bytes32 reason; // digest
        uint48 deadline; // seconds
    }

    /// @notice When and in which sectors a verifier may work.
    struct Accreditation {
        bytes32 authority; // identifier
        bytes32 verifier; // identifier
        uint48 validFrom; // seconds
        uint48 validUntil; // seconds, exclusive
        uint64 sectors; // bits by Sectors
        bytes32 certificate; // digest
        uint16 revision; // current + 1
        uint48 deadline; // seconds
    }

    /// @notice The years of an enterprise that a verifier is to judge.
    struct Assignment {
        bytes32 authority; // identifier
        bytes32 verifier; // identifier
        bytes32 enterprise; // identifier
        Year firstYear; // inclusive
        Year lastYear; // inclusive
        uint64 sectors; // bits by Sectors
        uint8 ties; // bits of Ties, as the authority finds them
        uint16 revision; // current + 1
        uint48 deadline; // seconds
    }

    /// @notice What binds a verifier to an enterprise.
    struct Tie {
        bytes32 participant; // the one of both that declares it
        bytes32 verifier; // identifier
        bytes32 enterprise; // identifier
        uint8 ties; // bits of Ties
        uint48 deadline; // seconds
    }

    /// @notice An identifier exists. The root's has no act, so id, key and deadline are 0.
    event Registered(
        bytes32 indexed id,
        bytes32 indexed subject,
        bytes32 indexed parent,
        bytes32 owner,
        string label,
        bool isPrefix,
        uint8 kind,
        bytes32 record,
        address key,
        uint48 deadline
    );

    event RecordChanged(
        bytes32 indexed id,
        bytes32 indexed subject,
        bytes32 record,
        uint16 revision,
        address key,
        uint48 deadline
    );

    /// @notice A key was added; `key` is the one that signed. The founders' have no act, so id, key
    /// and deadline are 0.
    event KeyAdded(
        bytes32 indexed id,
        bytes32 indexed participant,
        address indexed addedKey,
        uint32 person,
        uint16 rights,
        uint8 scheme,
        uint48 validFrom,
        uint48 validUntil,
        uint48 effectiveFrom,
        address key,
        uint48 deadline
    );

    event KeyEnded(
        bytes32 indexed id,
        bytes32 indexed participant,
        address indexed endedKey,
        uint48 time,
        bool isCompromised,
        uint48 effectiveTime,
        address key,
        uint48 deadline
    );

    event StandingChanged(
        bytes32 indexed id,
        bytes32 indexed subject,
        bytes32 indexed authority,
        uint8 standing,
        uint16 revision,
        bytes32 reason,
        address key,
        uint48 deadline
    );

    event Accredited(
        bytes32 indexed id,
        bytes32 indexed verifier,
        bytes32 indexed authority,
        uint48 validFrom,
        uint48 validUntil,
        uint64 sectors,
        bytes32 certificate,
        uint16 revision,
        address key,
        uint48 deadline
    );

    event VerifierAssigned(
        bytes32 indexed id,
        bytes32 indexed verifier,
        bytes32 indexed enterprise,
        bytes32 authority,
        Year firstYear,
        Year lastYear,
        uint64 sectors,
        uint8 ties,
        uint16 revision,
        address key,
        uint48 deadline
    );

    event TieDeclared(
        bytes32 indexed id,
        bytes32 indexed verifier,
        bytes32 indexed enterprise,
        bytes32 participant,
        uint8 ties,
        address key,
        uint48 deadline
    );

    /// @notice Fewer founders than three.
    error FoundersTooFew(uint256 founders);

    /// @notice The identifier lacks standing bits that the act needs.
    error StandingMissing(bytes32 id, uint8 standing, uint8 wanted);

    /// @notice The label breaks the grammar.
    error IdentifierLabelBad(string label);

    error IdentifierAlreadyRegistered(bytes32 id);

    /// @notice The kind does not fit here.
    error IdentifierKindWrong(bytes32 id, uint8 kind);

    /// @notice The key is not valid now; all 0: it was never added.
    error KeyNotValid(
        bytes32 participant,
        address key,
        uint48 validFrom,
        uint48 validUntil,
        uint48 compromisedSince
    );

    error KeyRightMissing(bytes32 participant, address key, uint16 rights, uint16 wanted);

    error KeyAlreadyAdded(bytes32 participant, address key);

    /// @notice The new key did not sign its own addition.
    error KeyProofWrong(address key, address recovered);

    /// @notice Standing bits that no authority may set.
    error StandingBad(uint8 standing);

    error VerifierNotAssigned(bytes32 verifier, bytes32 enterprise, Year year);

    error VerifierNotIndependent(bytes32 verifier, bytes32 enterprise, uint8 ties);

    /// @notice The accreditation does not cover the assigned sectors at this time.
    error VerifierNotAccredited(bytes32 verifier, uint64 sectors, uint48 time);

    error TieAlreadyDeclared(bytes32 verifier, bytes32 enterprise, uint8 ties);

    /// @notice Register an identifier. REGISTER of the parent, or of the parent's owner where the
    /// parent is no participant.
    function register(Registration calldata registration, bytes calldata signature) external;

    /// @notice Change the record. REGISTER of the subject or of its owner.
    function setRecord(RecordChange calldata change, bytes calldata signature) external;

    /// @notice Add a key. Any key of the same person, else REGISTER of the owner; of a participant
    /// that had a key before, the owner's addition begins after the recovery delay.
    /// @param proof The new key's signature of the same message; ignored where a scheme has none.
    function addKey(KeyAddition calldata addition, bytes calldata proof, bytes calldata signature)
        external;

    /// @notice Retire a key or report it compromised. Any key of the participant, else REGISTER of
    /// the owner.
    function endKey(KeyEnding calldata ending, bytes calldata signature) external;

    /// @notice Set what an identifier may do. ADMIT of the authority.
    function setStanding(StandingChange calldata change, bytes calldata signature) external;

    /// @notice Accredit a verifier. ACCREDIT of the authority.
    function accredit(Accreditation calldata accreditation, bytes calldata signature) external;

    /// @notice Assign a verifier to an enterprise. ACCREDIT of the authority.
    function assign(Assignment calldata assignment, bytes calldata signature) external;

    /// @notice Declare a tie for ever. Any key of the verifier or of the enterprise.
    function declareTie(Tie calldata tie, bytes calldata signature) external;

    /// @notice The person behind a valid key of an active participant that holds the right.
    function requireKey(bytes32 participant, address key, uint16 right)
        external
        view
        returns (uint32 person);

    /// @notice The enterprise of an active facility, whose key may report.
    function requireReporter(bytes32 facility, address key)
        external
        view
        returns (bytes32 enterprise);

    /// @notice The enterprise of a facility that the verifier's key may judge for the year.
    function requireVerifier(bytes32 verifier, address key, bytes32 facility, Year year)
        external
        view
        returns (bytes32 enterprise);

    /// @notice The person behind a key that may move quota from one account to another.
    function requireSender(bytes32 from, address key, bytes32 to)
        external
        view
        returns (uint32 person);

    /// @notice The person behind an authority's key that may act on an account that may hold.
    function requireAuthority(bytes32 authority, address key, uint16 right, bytes32 account)
        external
        view
        returns (uint32 person);

    /// @notice Whether a key was valid at a time, by what is known today.
    function isValidAt(bytes32 participant, address key, uint48 time) external view returns (bool);

    function entryOf(bytes32 id)
        external
        view
        returns (bytes32 owner, uint8 kind, uint8 standing, uint16 revision);

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
        );

    function accreditationOf(bytes32 verifier)
        external
        view
        returns (uint48 validFrom, uint48 validUntil, uint64 sectors, uint16 revision);

    function relationOf(bytes32 verifier, bytes32 enterprise)
        external
        view
        returns (uint16 firstYear, uint16 lastYear, uint64 sectors, uint8 ties, uint16 revision);

    /// @notice The owner of a facility; 0 for what is none.
    function enterpriseOf(bytes32 facility) external view returns (bytes32 enterprise);

    /// @notice The identifier that a label below a parent has; parent 0 for the root.
    function idOf(bytes32 parent, bool isPrefix, string calldata label)
        external
        pure
        returns (bytes32 id);
}
