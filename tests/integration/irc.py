#!/usr/bin/env python3
"""to come"""
