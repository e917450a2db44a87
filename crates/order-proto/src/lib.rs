//! Types generated from proto/ and their conversion from and to the domain.
