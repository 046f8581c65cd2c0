"""Who there is: subjects, keys, standing, accreditation, assignment."""
