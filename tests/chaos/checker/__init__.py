"""The checker: from the topics, the public doors and the mails alone, did the region keep its promises?"""
