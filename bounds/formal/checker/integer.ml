(* Zarith's integers, by a name that Coq's extraction does not use itself *)
include Z
