"""Topic provisioning: what every topic should be, how that differs from what is, and the changes that make it so."""

from deploy.topics.cluster import apply, changes, delete
from deploy.topics.plan import Action, Change, TopicPlan, compare, plan
from deploy.topics.waiting import await_topics

__all__ = ["Action", "Change", "TopicPlan", "apply", "await_topics", "changes", "compare", "delete", "plan"]
