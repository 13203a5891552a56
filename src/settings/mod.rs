//! What the command line, variables and files mean together.
