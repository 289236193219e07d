"""The computation, pure: operations, verdict, pricing, matching. One expression of each rule."""
