"""A made-up clinic, an amoCRM stand-in and the smoke run: shows and proves the product without either system outside."""
