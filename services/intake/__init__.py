"""Intake: the partner's door. What a partner states is checked, receipted and put on its stream."""
